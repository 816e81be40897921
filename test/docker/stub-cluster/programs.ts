/**
 * Small programs that a stub cluster's containers run, in Perl and sh, which every Debian has: what stands in for the
 * container runtime and for calicoctl, what carries the API into a container, and what pods serve.
 */

/** Where the stub's sockets are inside containers. */
export const SOCKETS = '/run/stub';

/** $1: TCP port of 127.0.0.1; what comes there goes to the API's socket. */
export const FORWARDER = String.raw`
use strict; use Socket; use IO::Socket::INET; use IO::Socket::UNIX; use IO::Select;
$SIG{CHLD} = "IGNORE";
my $server = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $ARGV[0], Listen => 64, ReuseAddr => 1) or die "$!";
while (my $client = $server->accept) {
  next if fork;
  my $api = IO::Socket::UNIX->new(Peer => "${SOCKETS}/api.sock") or exit 1;
  my $select = IO::Select->new($client, $api);
  my %other = ($client => $api, $api => $client);
  while ($select->count) {
    for my $from ($select->can_read) {
      my $read = sysread($from, my $bytes, 65536);
      if (!$read) { $select->remove($from); $other{$from}->shutdown(1); next }
      my $at = 0;
      while ($at < $read) { my $n = syswrite($other{$from}, $bytes, $read - $at, $at); exit 1 unless defined $n; $at += $n } } }
  exit 0 }
`;

/** A tool that the simulator answers: arguments and standard input go there, output and exit code come back. */
export const toolStandIn = (name: string): string => String.raw`#!/usr/bin/perl
use strict; use IO::Socket::UNIX;
my $stub = IO::Socket::UNIX->new(Peer => "${SOCKETS}/tools.sock") or die "the stub cluster is gone\n";
my $input = grep({ $_ eq "-" || $_ eq "-f-" } @ARGV) ? do { local $/; <STDIN> } : "";
print $stub join("\0", scalar(@ARGV) + 1, "${name}", @ARGV, $input // "");
$stub->shutdown(1);
my ($code, $out, $err) = split /\0/, do { local $/; <$stub> }, 3;
print STDOUT $out; print STDERR $err; exit $code;
`;

/** Sandboxes are files: name the pod's uid, content the process. */
export const CRICTL = `#!/bin/sh
case "$1" in
pods) for word in "$@"; do case "$word" in io.kubernetes.pod.uid=*) uid="\${word#*=}" ;; esac; done
  if [ -e "/run/sandboxes/$uid" ]; then echo "$uid"; fi ;;
inspectp) for id in "$@"; do :; done; cat "/run/sandboxes/$id" ;;
*) echo "crictl: this stand-in does not know $1" >&2; exit 1 ;;
esac
`;

/** Where a file with a server's process number says that it listens. */
export const SERVING = '/run/serving';

/** A pod's process: $@ are TCP ports, which answer HTTP with the client's address. */
export const POD_SERVER = String.raw`
use strict; use IO::Socket::INET; use IO::Select;
$SIG{CHLD} = "IGNORE";
my $select = IO::Select->new;
for my $port (@ARGV) { $select->add(IO::Socket::INET->new(LocalPort => $port, Listen => 16, ReuseAddr => 1) || die "$port: $!") }
mkdir "${SERVING}"; open(my $says, ">", "${SERVING}/$$") or die "$!"; close $says;
sleep 1000000 unless @ARGV;
while (my @ready = $select->can_read) { for my $server (@ready) {
  my $client = $server->accept or next;
  next if fork;
  my $line = <$client>;
  my $body = $client->peerhost . ":" . $client->peerport;
  print $client "HTTP/1.1 200 OK\r\nContent-Length: " . length($body) . "\r\nConnection: close\r\n\r\n$body" if defined $line;
  exit 0 } }
`;
