/** What `ip help` and its objects say: the forms that the simulator honours, in our own words. */
export const IP_USAGE = `Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }
Objects:  address  link  netns  route  neighbour  rule
Options:  -n[etns] NAME -4 -6 -br[ief] -d[etails] -s[tatistics] -o[neline] -j[son] -p[retty] -V[ersion]
Every word may be shortened: ip a, ip r g 10.0.0.1, ip -br l. Addresses are of IPv4 or IPv6; without -6, lists of
routes are of IPv4.`;

export const ADDRESS_USAGE = `Usage: ip address [ show [ dev DEVICE ] [ up ] [ scope SCOPE ] [ to PREFIX ] ]
       ip address { add | del | replace | change } ADDRESS/LENGTH dev DEVICE [ scope SCOPE ]
       ip address flush dev DEVICE [ scope SCOPE ] [ to PREFIX ]
SCOPE := { global | link | host }`;

export const LINK_USAGE = `Usage: ip link [ show [ dev DEVICE ] [ up ] [ type TYPE ] [ master BRIDGE ] ]
       ip link add [ name ] NAME [ mtu BYTES ] [ address MAC ] [ master BRIDGE ] [ netns NAME ] type TYPE
       TYPE := { bridge | dummy | veth [ peer [ name ] NAME [ netns NAME ] ]
               | vxlan id VNI [ dstport PORT ] [ local ADDRESS ] [ remote ADDRESS ] [ dev DEVICE ] [ nolearning ] }
       ip link delete [ dev ] DEVICE
       ip link set [ dev ] DEVICE [ up | down ] [ mtu BYTES ] [ address MAC ] [ name NAME ] [ arp { on | off } ]
                   [ master BRIDGE | nomaster ] [ netns NAME ]`;

export const NETNS_USAGE = `Usage: ip netns list
       ip netns add NAME
       ip netns delete NAME
       ip netns identify
       ip netns exec NAME COMMAND ...`;

export const ROUTE_USAGE = `Usage: ip route [ show [ root | match | exact ] [ PREFIX ] [ dev DEVICE ] [ via ADDRESS ] [ src ADDRESS ]
                     [ proto PROTOCOL ] [ scope SCOPE ] [ type TYPE ] [ table { main | local | all } ] ]
       ip route get ADDRESS [ from ADDRESS iif DEVICE ] [ oif DEVICE ]
       ip route flush [ SELECTOR of show ]
       ip route { add | replace | change | append | del } [ TYPE ] PREFIX [ via ADDRESS ] [ dev DEVICE ] [ onlink ]
                     [ src ADDRESS ] [ metric NUMBER ] [ mtu BYTES ] [ proto PROTOCOL ] [ scope SCOPE ]
TYPE := { unicast | blackhole | unreachable | prohibit }
PROTOCOL := { kernel | boot | static | bird | 80 }`;

export const NEIGHBOUR_USAGE = `Usage: ip neigh [ show [ to PREFIX ] [ dev DEVICE ] [ nud STATE ] ]
       ip neigh { add | replace | change } ADDRESS lladdr MAC dev DEVICE [ nud { permanent | reachable | stale } ]
       ip neigh { add | del } proxy ADDRESS dev DEVICE
       ip neigh del ADDRESS dev DEVICE
       ip neigh get ADDRESS dev DEVICE
       ip neigh flush [ dev DEVICE ] [ to PREFIX ] [ nud STATE ]`;
