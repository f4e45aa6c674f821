/** How the rules of the glossary were mapped to classes, before any run was made: what core/gateway/diagnosis/threshold.ts does. */
export const mapping = `Mapped before any run, in this order:

| the glossary says | class |
| --- | --- |
| 407 is about credentials | \`bad_credentials\`, where most failures are 407 |
| the gateway’s own word for its own trouble | \`gateway_overloaded\`, where most failures are its own refusals |
| U_fail = 502_count / total_requests, over 0.05 | an exit fails when that is so of its own attempts; no exit: \`none\` |
| a 502 from a public edge: the origin is struggling, back off | \`edge_error\`, where most 502s bear a public edge’s \`Server\` header |
| isolated to specific IPs: a block | \`exit_block\`, where some exits fail, and others do not |
| our own \`upstream_reset\`: the firewall; a high burn rate B = 502_blocks / active_ips: fingerprint or request rate | \`fingerprint_block\`, where all exits fail, most 502s are resets, and B is at least 1 |
| over 0.05 across all IPs: the origin is down | \`origin_down\`, where all exits fail otherwise |

It has no rule for a network, and none for an origin that is overloaded without an edge: \`subnet_block\` and \`origin_overloaded\` are
never its answer. The glossary gives no figure for a high burn rate; 1 is ours.`
