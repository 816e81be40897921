/** Names of Felix's IPv4 ipsets. Source: felix/rules/rule_defs.go, felix/ipsets/ipset_defs.go, Calico v3.32.1. */
export const SETS = {
  /** CIDRs of pools with natOutgoing. */
  masqueraded: 'cali40masq-ipam-pools',
  /** CIDRs of all pools, except those for LoadBalancer addresses only. */
  pools: 'cali40network-ip-pools',
  hosts: 'cali40all-hosts-net',
  vxlanSources: 'cali40all-vxlan-net',
  /** Every address of the node itself. */
  thisHost: 'cali40this-host',
  /** Endpoints whose packets get a DSCP; that annotation is not simulated, so it has no members. */
  dscp: 'cali40dscp-src-net',
} as const;

/** A set's name from the id the calculation gave it: prefix, IP version, format version. */
export const setName = (id: string): string => `cali40${id}`.slice(0, SET_NAME_LIMIT);

const SET_NAME_LIMIT = 31;

/** Mark bits of the default mask 0xffff0000, given out lowest first. */
export const MARK = {
  accept: 0x10000,
  pass: 0x20000,
  drop: 0x40000,
  scratch: 0x80000,
  scratch1: 0x100000,
} as const;

/** The bits Felix clears before it looks at a packet: accept, pass and the two scratch bits. */
export const ALL_MARKS = 0x1b0000;
