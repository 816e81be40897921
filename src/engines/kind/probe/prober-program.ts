/**
 * The program that sends a probe: Perl, for it is in every Debian image and speaks to sockets directly. One run asks all there
 * is to ask of a flow at once: whether it is answered, which hops the TTL runs out at, what the path MTU is. It prints lines
 * that `prober-report.ts` reads. A TCP probe's first sequence number is chosen by us (TCP_REPAIR, tcp(7); needs
 * CAP_NET_ADMIN), since ports and identifiers change where addresses are translated and this number does not.
 */

/** Arguments: protocol, address, port, marker, size, df, milliseconds, and whether hops and MTU are asked for too. */
export const PROBER = String.raw`
use strict;
use warnings;
use Errno;
use Fcntl;
use Socket qw(:DEFAULT inet_pton inet_ntop pack_sockaddr_in6 unpack_sockaddr_in6);
$| = 1;

my ($protocol, $to, $port, $marker, $size, $df, $patience, $more) = @ARGV;
my $six = $to =~ /:/;
my $family = $six ? AF_INET6 : AF_INET;
my $address = inet_pton($family, $to);
defined $address or fail("$to is no address");
my ($LEVEL, $TTL, $DISCOVER, $MTU) = $six ? (41, 16, 23, 24) : (0, 2, 10, 14);
my ($TCP, $REPAIR, $QUEUE, $SEQUENCE) = (6, 19, 20, 21);
my ($WITHOUT, $DO) = (0, 2);
my $overhead = $six ? 48 : 28;
my $MOST_HOPS = 16;

my (%asked, %open, @hops, $ttl, $hopped, $flow, $mtu, $mtu_asked);

sub fail { print "failed $_[0]\n"; exit 70 }
sub name { my $at = shift; $six ? pack_sockaddr_in6($at, $address) : pack_sockaddr_in($at, $address) }
sub word { my ($known) = grep { exists $!{$_} && $!{$_} } qw(ENETUNREACH EHOSTUNREACH EMSGSIZE EACCES EPERM
  EINVAL ECONNREFUSED ECONNRESET ETIMEDOUT ENETDOWN EADDRNOTAVAIL EAFNOSUPPORT ENOBUFS); $known || "E" . ($! + 0) }

sub raw { my $discover = shift;
  socket(my $socket, $family, SOCK_RAW, $six ? 58 : 1) or fail("no raw socket: $!");
  setsockopt($socket, $LEVEL, $DISCOVER, pack("i", $discover)) or fail("no MTU discovery: $!");
  $socket }

sub call { my ($what, $sequence, $ttl) = @_;
  socket(my $socket, $family, SOCK_STREAM, $TCP) or fail("no socket: $!");
  setsockopt($socket, $TCP, $REPAIR, pack("i", 1)) && setsockopt($socket, $TCP, $QUEUE, pack("i", 2))
    && setsockopt($socket, $TCP, $SEQUENCE, pack("L", $sequence)) && setsockopt($socket, $TCP, $REPAIR, pack("i", -1))
    or fail("no sequence number of our own: $!");
  $ttl and setsockopt($socket, $LEVEL, $TTL, pack("i", $ttl));
  fcntl($socket, F_SETFL, O_NONBLOCK);
  $asked{$sequence} = $what;
  return ended($what, "answered") if connect($socket, name($port));
  $!{EINPROGRESS} ? $open{$what} = $socket : ended($what, word()) }

sub checksum { my $sum = 0; $sum += $_ for unpack("n*", $_[0] . (length($_[0]) % 2 ? "\0" : ""));
  $sum = ($sum >> 16) + ($sum & 0xffff) while $sum >> 16; ~$sum & 0xffff }

sub echo { my ($what, $socket, $bytes, $sequence, $ttl) = @_;
  my $data = $bytes - $overhead;
  # Only the flow itself bears the number by which it is known again.
  my $filling = substr(pack("N", $what eq "flow" ? $marker : ~$marker & 0xffffffff) . "\0" x ($data > 4 ? $data - 4 : 0), 0, $data > 0 ? $data : 0);
  my ($type, $identifier) = ($six ? 128 : 8, $marker & 0xffff);
  my $message = pack("CCnnn", $type, 0, 0, $identifier, $sequence) . $filling;
  substr($message, 2, 2) = pack("n", checksum($message));
  setsockopt($socket, $LEVEL, $TTL, pack("i", $ttl || 64));
  $asked{$sequence} = $what;
  defined send($socket, $message, 0, name(0)) or ended($what, word()) }

my $icmp = raw($df ? $DO : $WITHOUT);
my $sized;

sub ask { my ($what, $number, $ttl) = @_;
  $protocol eq "tcp" ? call($what, ($marker + ($number << 16)) % 2**32, $ttl)
    : echo($what, $icmp, $size, (($marker >> 16) + $number) & 0xffff, $ttl) }

sub ask_mtu { my $bytes = shift;
  ($mtu_asked, $mtu) = ($bytes, undef);
  echo("mtu", $sized, $bytes, (($marker >> 16) + 256 + $bytes) & 0xffff, 64) }

sub ended { my ($what, $how) = @_;
  delete $open{$what};
  if ($what eq "flow") { $flow ||= $how }
  elsif ($what eq "hop $ttl") { $hopped = 1 if $how eq "answered" || $how eq "refused" }
  elsif ($what eq "mtu") { $mtu = $how eq "answered" ? $mtu_asked : 0 } }

# One after the other: a kernel sends only a few errors at once to one sender (icmp(7), icmp_ratelimit).
sub ask_hop { $ttl = shift;
  $ttl > $MOST_HOPS ? ($hopped = 1) : ask("hop $ttl", $ttl, $ttl) }

sub hear { my $from = recv($icmp, my $packet, 4096, 0) // return;
  my $message = $six ? $packet : substr($packet, (ord($packet) & 15) * 4);
  return if length($message) < 8;
  my $who = inet_ntop($family, $six ? (unpack_sockaddr_in6($from))[1] : substr($packet, 12, 4));
  my ($type, $code, undef, $identifier, $sequence) = unpack("CCnnn", $message);
  if ($type == ($six ? 129 : 0)) {
    ended($asked{$sequence}, "answered") if $identifier == ($marker & 0xffff) && exists $asked{$sequence};
    return }
  return unless $six ? $type >= 1 && $type <= 4 : $type == 3 || $type == 11;
  my $quoted = substr($message, 8);
  return if length($quoted) < ($six ? 48 : 28);
  my $inner = $six ? ord(substr($quoted, 6)) : ord(substr($quoted, 9));
  my $body = substr($quoted, $six ? 40 : (ord($quoted) & 15) * 4);
  return if length($body) < 8;
  my ($id, $echoed) = unpack("x4nn", $body);
  return if $inner != $TCP && $id != ($marker & 0xffff);
  my $what = $asked{$inner == $TCP ? unpack("x4N", $body) : $echoed} // return;
  my $told = $six ? unpack("x4N", $message) : unpack("x6n", $message);
  my $expired = $type == ($six ? 3 : 11);
  my $too_big = $six ? $type == 2 : $type == 3 && $code == 4;
  if ($what =~ /^hop/) {
    return if $what ne "hop $ttl";
    push @hops, $who if $expired;
    $expired ? ask_hop($ttl + 1) : ($hopped = 1) }
  elsif ($what eq "mtu") { $too_big && $told && $told < $mtu_asked ? ask_mtu($told) : ended("mtu", "error") }
  else { print "error $who $type $code " . ($too_big ? $told : 0) . "\n"; ended("flow", "error") unless $protocol eq "tcp" } }

sub wait_for { my ($milliseconds, $enough) = @_;
  my $left = $milliseconds / 1000;
  while ($left > 0 && !$enough->()) {
    my ($reading, $writing) = ("", "");
    vec($reading, fileno($icmp), 1) = 1;
    vec($writing, fileno($_), 1) = 1 for values %open;
    (undef, $left) = select($reading, $writing, undef, $left);
    hear() if vec($reading, fileno($icmp), 1);
    for my $what (keys %open) {
      my $socket = $open{$what};
      next unless $socket && vec($writing, fileno($socket), 1);
      $! = unpack("i", getsockopt($socket, SOL_SOCKET, SO_ERROR));
      ended($what, $! == 0 ? "answered" : $!{ECONNREFUSED} ? "refused" : word()) } } }

ask("flow", 0, 0);
if ($more) {
  ask_hop(1);
  $sized = raw($DO);
  socket(my $routed, $family, SOCK_DGRAM, 17) or fail("no socket: $!");
  my $known = $more > 1 && connect($routed, name(33434)) && getsockopt($routed, $LEVEL, $MTU);
  $known ? ask_mtu(unpack("i", $known)) : ($mtu = 0) }
wait_for($patience, sub { $flow && $flow ne "silent" && (!$more || $hopped) });
my $arrives = $flow && ($flow eq "answered" || $flow eq "refused");
wait_for(250, sub { defined $mtu }) if $more && $arrives;
for (1 .. 3) {
  last if !$more || !$arrives || $hopped;
  # It may have said too much lately; if it still says nothing it is passed over.
  select(undef, undef, undef, 1.05);
  my $silent = $ttl;
  ask_hop($silent);
  wait_for(250, sub { $hopped || $ttl > $silent });
  ask_hop($silent + 1) if !$hopped && $ttl == $silent;
  wait_for(250, sub { $hopped }) }
print "flow " . ($flow || "silent") . "\n";
print "hop $_\n" for @hops;
print "mtu $mtu\n" if $mtu;
`;
