/** Names of Felix's ipsets. Source: felix/rules/rule_defs.go, felix/ipsets/ipset_defs.go, Calico v3.32.1. */
import type { IpFamily } from '../../../../../model/ip-family.ts';

/** Prefix, IP version, format version. */
const prefix = (family: IpFamily): string => `cali${family}0`;

const namesOf = (family: IpFamily) => ({
  /** CIDRs of pools with natOutgoing. */
  masqueraded: `${prefix(family)}masq-ipam-pools`,
  /** CIDRs of all pools, except those for LoadBalancer addresses only. */
  pools: `${prefix(family)}network-ip-pools`,
  hosts: `${prefix(family)}all-hosts-net`,
  vxlanSources: `${prefix(family)}all-vxlan-net`,
  /** Every address of the node itself. */
  thisHost: `${prefix(family)}this-host`,
  /** Endpoints whose packets get a DSCP; that annotation is not simulated, so it has no members. */
  dscp: `${prefix(family)}dscp-src-net`,
});

/** By family. */
export const SETS = { 4: namesOf(4), 6: namesOf(6) } as const;

/** A set's name from the id the calculation gave it. */
export const setName = (id: string, family: IpFamily = 4): string =>
  `${prefix(family)}${id}`.slice(0, SET_NAME_LIMIT);

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
