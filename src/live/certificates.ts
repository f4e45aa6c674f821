/**
 * Certificates made at start by a CA of this process. Origins and proxies show them, everybody who dials trusts the CA.
 */
import type { CertificateOrder, KeyPair } from './authority.js'

export interface Certificates {
  /** PEM of the CA to trust; empty where nobody speaks TLS. */
  readonly ca: string
  /** Made at first use. */
  of(name: string, order?: CertificateOrder): Promise<KeyPair>
}

const authority = () => import('./authority.js')

/**
 * @param spoken whether anybody speaks TLS
 * @param namesOf by which others ask for that hop, beside its own name
 */
export async function createCertificates(
  spoken = true,
  namesOf: (hop: string) => readonly string[] = () => [],
): Promise<Certificates> {
  const made = new Map<string, Promise<KeyPair>>()
  return {
    ca: spoken ? await (await authority()).rootCertificate() : '',
    of(name, order = {}) {
      const { wrong = 'valid', key = 'ecdsa', client = false } = order
      const id = [name, wrong, key, client].join('/')
      const known = made.get(id) ?? authority().then(({ issue }) => issue(name, namesOf(name), order))
      made.set(id, known)
      return known
    },
  }
}
