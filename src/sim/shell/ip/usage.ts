/** What `ip help` and its objects say: the forms that the simulator honours, in our own words. */
export const IP_USAGE = `Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }
Objects:  address  link  route  neighbour  rule
Options:  -4 -6 -br[ief] -d[etails] -s[tatistics] -o[neline] -j[son] -p[retty] -V[ersion]
Every word may be shortened: ip a, ip r g 10.0.0.1, ip -br l.`;

export const ADDRESS_USAGE = `Usage: ip address [ show [ dev DEVICE ] [ up ] [ scope SCOPE ] [ to PREFIX ] ]
       ip address { add | del } ADDRESS/LENGTH dev DEVICE [ scope SCOPE ]
SCOPE := { global | link | host }`;

export const LINK_USAGE = `Usage: ip link [ show [ dev DEVICE ] [ up ] [ type TYPE ] ]
       ip link set [ dev ] DEVICE { up | down | mtu BYTES }`;

export const ROUTE_USAGE = `Usage: ip route [ show [ root | match | exact ] [ PREFIX ] [ dev DEVICE ] [ via ADDRESS ] [ src ADDRESS ]
                     [ proto PROTOCOL ] [ scope SCOPE ] [ type TYPE ] [ table { main | local | all } ] ]
       ip route get ADDRESS [ from ADDRESS iif DEVICE ] [ oif DEVICE ]
       ip route { add | replace | change | del } [ TYPE ] PREFIX [ via ADDRESS ] [ dev DEVICE ] [ onlink ]
                     [ src ADDRESS ] [ metric NUMBER ] [ mtu BYTES ] [ proto PROTOCOL ] [ scope SCOPE ]
TYPE := { unicast | blackhole | unreachable | prohibit }
PROTOCOL := { kernel | boot | static | bird | 80 }`;

export const NEIGHBOUR_USAGE = `Usage: ip neigh [ show [ to PREFIX ] [ dev DEVICE ] [ nud STATE ] ]
       ip neigh { add | replace | change } ADDRESS lladdr MAC dev DEVICE [ nud permanent ]
       ip neigh del ADDRESS dev DEVICE`;
