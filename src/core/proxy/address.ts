/** An IP address as the bytes that the kernel has for it: what balancers hash of a client. */

/** 4 bytes or 16; none for what is no IP address, such as the peer at a unix socket. */
export function addressBytes(address: string): number[] {
  if (!address.includes(':')) {
    const four = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address)
    return four ? four.slice(1).map(Number) : []
  }
  const text = address.replace(/%.*$/, '').replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_text, ...numbers) => {
    const [a, b, c, d] = numbers.slice(0, 4).map(Number) as [number, number, number, number]
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
  })
  const [head, tail] = text.split('::', 2).map((half) => (half === '' ? [] : half.split(':')))
  const missing = tail ? 8 - head!.length - tail.length : 0
  return [...head!, ...Array<string>(missing).fill('0'), ...(tail ?? [])].flatMap((group) => {
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}
