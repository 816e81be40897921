/** Names of Felix's IPv4 ipsets. Source: felix/rules/rule_defs.go, felix/ipsets/ipset_defs.go, Calico v3.32.1. */
export const SETS = {
  /** CIDRs of pools with natOutgoing. */
  masqueraded: 'cali40masq-ipam-pools',
  /** CIDRs of all pools, except those for LoadBalancer addresses only. */
  pools: 'cali40network-ip-pools',
  hosts: 'cali40all-hosts-net',
  vxlanSources: 'cali40all-vxlan-net',
} as const;

/** Mark bits of the default mask 0xffff0000, given out lowest first. */
export const MARK = { accept: 0x10000, pass: 0x20000, scratch: 0x80000 } as const;

/** The bits Felix clears before it looks at a packet: accept, pass and the two scratch bits. */
export const ALL_MARKS = 0x1b0000;
