/** Words of BIRD's language, which no protocol or table can be named (CF_KEYWORDS and CF_CLI of BIRD 1.6.8, IPv4 build). */
export const KEYWORDS: ReadonlySet<string> = new Set(
  `accept action add address advertise after algorithm all allow as as4 attributes auth authentication aware base bfd bgp
  bgp_aggregator bgp_atomic_aggr bgp_cluster_list bgp_community bgp_ext_community bgp_large_community bgp_local_pref bgp_med
  bgp_next_hop bgp_origin bgp_originator_id bgp_path bgpmask bgppath blackhole block bool bug capabilities case cast check
  class client clist cluster commands communities configure confirm connect contains count debug default define defined
  delay delete description dest deterministic dev device direct disable disabled down drop dscp dual dump ec echo eclist
  else empty enable error eval events exit export extended false fatal filter filtered filters first flush for forget from
  function gateway generate generic graceful gw help hold hop id idle if ifindex ifname ignore igp igp_metric import in
  info int interface interfaces interpret interval ip ipv4 iso keep keepalive kernel keyed krt_metric krt_mtu krt_prefsrc
  krt_realm krt_scope krt_source krt_tunnel last last_nonaggregated latency lc lclist learn len limit link listen lladdr
  local log long mask match max md5 med memory merge messages meticulous metric min missing mode mrtdump ms multihop
  multipath multiplier name neighbor neighbors net next no noexport none off old older on opaque out packets pair passive
  password passwords path paths peer persist pipe port preexport prefer preference prefix prepend primary print printn
  prohibit proto protocol protocols quad quit quitbird receive recursive refresh reject reload remote reset resources
  restart restrict retry return ro roa roa_check route router routes rr rs rt rx s scan scope secondary security self
  sessions set setkey sha1 sha256 short show simple sockets soft sorted source start startup states static stats status
  stderr string summary symbols syslog table template then time timeformat timeout to trace transparent true ttl tx undo
  unknown unreachable unset us via wait warn warning watchdog weight where yes`.split(/\s+/),
);
