#!/usr/bin/perl
# Opens sockets inside network namespaces, which node cannot do: setns(2), then socket(2). Part of perl-base only.
#
# As a driver it reads commands, one per line, and answers on stdout:
#   listen NAMESPACE ADDRESS PORT               accept and close whatever comes, until `reset`
#   try ID NAMESPACE SOURCE SPORT DEST DPORT    queue one TCP connection from a chosen source port
#   go MILLISECONDS                             make all queued connections at once: `ID outcome` each, then `done`;
#                                               what has not opened once nothing happened for this long is a timeout
#   reset                                       close everything, so that the namespaces can go; then `done`
# As a launcher (`agent.pl NAMESPACE,tcp|udp|tproxy,ADDRESS,PORT … NAMESPACE -- COMMAND …`) it opens the listening sockets and
# becomes the command in the last namespace; the command finds them as file descriptors 3, 4, 5 … in the order given.
# As a giver (`agent.pl give NAMESPACE,tcp,ADDRESS,PORT …`, started by node with an IPC channel) it hands the listening sockets
# over to node, as node's own processes do, and ends when the channel does.
use strict;
use warnings;
use Errno qw(EINPROGRESS ECONNREFUSED EHOSTUNREACH ENETUNREACH EPERM EACCES EADDRINUSE EADDRNOTAVAIL);
use Fcntl qw(F_GETFL F_SETFL F_SETFD F_GETFD O_NONBLOCK FD_CLOEXEC);
use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6 IPPROTO_IPV6 IPV6_V6ONLY SO_LINGER);
use POSIX ();

my %NAMES = (
    ECONNREFUSED, 'refused', EHOSTUNREACH, 'unreachable', ENETUNREACH, 'unreachable', EPERM, 'prohibited',
    EACCES, 'prohibited', EADDRINUSE, 'port-in-use', EADDRNOTAVAIL, 'no-such-source',
);
my $machine = (POSIX::uname())[4];
my $SETNS = $machine eq 'aarch64' ? 268 : $machine eq 'x86_64' ? 308 : die "no setns number for $machine\n";
my $SENDMSG = $machine eq 'aarch64' ? 211 : 46;
my $CLONE_NEWNET = 0x40000000;
open(my $home, '<', '/proc/self/ns/net') or die "own namespace: $!\n";

sub enter {
    my ($namespace) = @_;
    open(my $handle, '<', "/run/netns/$namespace") or die "namespace $namespace: $!\n";
    syscall($SETNS, fileno($handle), $CLONE_NEWNET) == 0 or die "setns $namespace: $!\n";
    close($handle);
}

sub address {
    my ($text, $port) = @_;
    return $text =~ /:/
        ? (AF_INET6, pack_sockaddr_in6($port, inet_pton(AF_INET6, $text)))
        : (AF_INET, pack_sockaddr_in($port, inet_pton(AF_INET, $text)));
}

sub nonblocking {
    my ($socket) = @_;
    fcntl($socket, F_SETFL, fcntl($socket, F_GETFL, 0) | O_NONBLOCK);
}

sub listener {
    my ($namespace, $transport, $text, $port) = @_;
    enter($namespace);
    my ($family, $where) = address($text, $port);
    socket(my $socket, $family, $transport eq 'udp' ? SOCK_DGRAM : SOCK_STREAM, 0) or die "socket: $!\n";
    setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, pack('i', 1));
    setsockopt($socket, IPPROTO_IPV6, IPV6_V6ONLY, pack('i', 1)) if $family == AF_INET6;
    # IP_TRANSPARENT: takes what the kernel diverts, whatever address it was meant for.
    if ($transport eq 'tproxy') { setsockopt($socket, 0, 19, pack('i', 1)) or die "transparent: $!\n"; }
    bind($socket, $where) or die "bind $namespace $text $port: $!\n";
    if ($transport ne 'udp') { listen($socket, 1024) or die "listen: $!\n"; }
    return $socket;
}

if (@ARGV && $ARGV[0] eq 'give') {
    my $channel = $ENV{NODE_CHANNEL_FD} + 0;
    for my $i (1 .. $#ARGV) { give($channel, $i - 1, listener(split(/,/, $ARGV[$i]))); }
    open(my $answers, '<&=', $channel) or die "channel: $!\n";
    1 while sysread($answers, my $ignored, 4096);
    exit 0;
}

# sendmsg(2) of one message of node's IPC protocol with one descriptor (SCM_RIGHTS). Structures of 64-bit Linux.
sub give {
    my ($channel, $index, $socket) = @_;
    nonblocking($socket);
    my $text = qq({"cmd":"NODE_HANDLE","type":"net.Native","msg":{"index":$index}}\n);
    my $vector = pack('P Q', $text, length $text);
    my $control = pack('Q i i i x4', 20, SOL_SOCKET, 1, fileno($socket));
    my $message = pack('Q L x4 P Q P Q i x4', 0, 0, $vector, 1, $control, length $control, 0);
    my $sent = syscall($SENDMSG, $channel, $message, 0);
    die "sendmsg: $!\n" if $sent != length $text;
}

if (@ARGV) {
    my @keep;
    while (@ARGV) {
        my $word = shift @ARGV;
        last if $word eq '--';
        if ($word =~ /,/) { push @keep, listener(split(/,/, $word)); }
        else              { enter($word); }
    }
    # Out of the way first, then down to 3, 4, 5 …
    my @high = map { my $fd = POSIX::dup2(fileno($keep[$_]), 500 + $_); $fd } 0 .. $#keep;
    close($_) for @keep;
    POSIX::close(fileno($home));
    for my $i (0 .. $#high) { POSIX::dup2($high[$i], 3 + $i); POSIX::close($high[$i]); }
    exec(@ARGV) or die "exec: $!\n";
}

$| = 1;
my @listeners;
my @queue;
while (my $line = <STDIN>) {
    chomp $line;
    my ($command, @rest) = split(/ /, $line);
    if    ($command eq 'listen') { my $s = listener($rest[0], 'tcp', @rest[1, 2]); nonblocking($s); push @listeners, $s; }
    elsif ($command eq 'try')    { push @queue, [@rest]; }
    elsif ($command eq 'go')     { go($rest[0] / 1000); print "done\n"; }
    elsif ($command eq 'reset')  {
        close($_) for @listeners;
        @listeners = @queue = ();
        # A namespace lives as long as somebody is in it.
        syscall($SETNS, fileno($home), $CLONE_NEWNET);
        print "done\n";
    }
}

# At most this many at a time: select(2) knows 1024 descriptors.
sub go {
    my ($seconds) = @_;
    while (my @batch = splice(@queue, 0, 400)) { attempt($seconds, @batch); }
}

sub attempt {
    my ($seconds, @batch) = @_;
    my (%open, $here);
    for my $try (@batch) {
        my ($id, $namespace, $source, $sport, $destination, $dport) = @$try;
        if (!defined $here || $here ne $namespace) { enter($namespace); $here = $namespace; }
        my ($family, $from) = address($source, $sport);
        my (undef, $to) = address($destination, $dport);
        socket(my $socket, $family, SOCK_STREAM, 0) or die "socket: $!\n";
        setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, pack('i', 1));
        # Closing sends a reset: no port stays in TIME_WAIT.
        setsockopt($socket, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0));
        nonblocking($socket);
        if (!bind($socket, $from)) { print "$id ", outcome($! + 0), "\n"; next; }
        if (connect($socket, $to)) { print "$id open\n"; next; }
        if ($! != EINPROGRESS) { print "$id ", outcome($! + 0), "\n"; next; }
        $open{ fileno($socket) } = [$id, $socket];
    }
    while (%open) {
        my ($read, $write) = ('', '');
        vec($read, fileno($_), 1) = 1 for @listeners;
        vec($write, $_, 1) = 1 for keys %open;
        last if select($read, $write, undef, $seconds) <= 0;
        for my $listener (@listeners) {
            next unless vec($read, fileno($listener), 1);
            while (accept(my $peer, $listener)) { close($peer); }
        }
        for my $fd (keys %open) {
            next unless vec($write, $fd, 1);
            my ($id, $socket) = @{ delete $open{$fd} };
            my $error = unpack('i', getsockopt($socket, SOL_SOCKET, SO_ERROR));
            print "$id ", ($error == 0 ? 'open' : outcome($error)), "\n";
            close($socket);
        }
    }
    print "$_->[0] timeout\n" for values %open;
    close($_->[1]) for values %open;
}

sub outcome { my ($error) = @_; return $NAMES{$error} // "error-$error"; }
