/** The table of products whose words are known. A product is one file, and one line here. */
import type { Product } from '../product.js'
import { alb } from './alb.js'
import { apache } from './apache/index.js'
import { azure } from './azure.js'
import { badgateway } from './badgateway.js'
import { caddy } from './caddy.js'
import { cloudflare } from './cloudflare.js'
import { envoy } from './envoy/index.js'
import { fastly } from './fastly.js'
import { google } from './google.js'
import { haproxy } from './haproxy.js'
import { nginx } from './nginx/index.js'
import { node } from './node.js'
import { rfc9209 } from './rfc9209.js'
import { squid } from './squid.js'
import { traefik } from './traefik.js'
import { varnish } from './varnish.js'

export const products = {
  nginx,
  haproxy,
  envoy,
  apache,
  caddy,
  traefik,
  alb,
  google,
  cloudflare,
  azure,
  fastly,
  squid,
  varnish,
  node,
  rfc9209,
  badgateway,
} as const satisfies Record<string, Product>

export type ProductName = keyof typeof products

export const productNames = Object.keys(products) as ProductName[]
