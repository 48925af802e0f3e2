# Workers and the master are killed at random moments while accounts and keys
# change: what was acknowledged is in the file, and is there after a restart.
#
#   TEST_CRASH_KILLS   how many, 25 by default
#   TEST_CRASH_SEED    to do it again

use strict;
use warnings;

use lib 't/lib';
use QwenTest;
use QwenTest::Nginx;
use Test::More;

use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw( sleep time );

my $kills = $ENV{TEST_CRASH_KILLS} || 25;
my $seed = $ENV{TEST_CRASH_SEED} || time ^ $$;
my $root = QwenTest::Nginx->root;
my $file = "$root/store/data.json";

# a change is never tried twice, so what became of one is told by its own answer
my ($last, %account, %key) = (0);


sub change {
    my ($method, $path, $body, $done) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => port()) or return undef;
    my $text = json()->encode($body);

    local $SIG{PIPE} = 'IGNORE';

    $socket->syswrite("$method /api/$path HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                      . "Authorization: Bearer $QwenTest::Key{admin}\r\nContent-Length: " . length($text) . "\r\n\r\n$text");

    return { socket => $socket, data => '', done => $done };
}


# The state of a name: 1, it must be there; 0, it must not; none: either.

sub start_one {
    my $state = rand > 0.4 ? \%account : \%key;
    my @there = grep { $state->{$_} } keys %$state;
    my $adds = @there < 8 || rand > 0.5;
    my $name = $adds ? 'n' . ++$last : $there[rand @there];

    delete $state->{$name};

    my $done = sub { $state->{$name} = $adds if $_[0] =~ /\AHTTP\/1\.1 200 .*\}\z/s };

    if ($state == \%key) {
        return change(POST => $adds ? 'addRegularKey' : 'deleteRegularKey', { apiKey => "sk-5ecret-$name" }, $done);
    }

    return $adds ? change(POST => 'setAccount', { email => "$name\@example.com", password => "p-$name-5ecret" }, $done)
                 : change(DELETE => 'deleteAccount', { email => "$name\@example.com" }, $done);
}


# Keeps some changes going; at the end they are given up as they are.

sub work {
    my ($seconds) = @_;

    my %running;
    my $end = time + $seconds;
    my $select = IO::Select->new;

    while (time < $end) {
        while (keys %running < 8) {
            my $one = start_one() or last;
            $running{ fileno $one->{socket} } = $one;
            $select->add($one->{socket});
        }

        finish_some($select, \%running, 0.005);
    }

    return ($select, \%running);
}

sub finish_some {
    my ($select, $running, $patience) = @_;

    for my $socket ($select->can_read($patience)) {
        my $one = $running->{fileno $socket};

        next if sysread $socket, $one->{data}, 65536, length $one->{data};

        $select->remove($socket);
        delete $running->{fileno $socket};
        $one->{done}->($one->{data});
    }
}

sub finish_all {
    my ($select, $running) = @_;

    my $end = time + 15;

    finish_some($select, $running, 0.05) while $select->count && time < $end;
}


# What is missing, or there though it was deleted.

sub wrong {
    my ($state, $found) = @_;

    my %found = map { $_ => 1 } @$found;

    return grep { $state->{$_} xor $found{$_} } sort keys %$state;
}

sub check_file {
    my ($name) = @_;

    my $data = eval { json()->decode(QwenTest::slurp($file)) };

    return fail("$name: no JSON: $@") if !$data;

    my @accounts = map { $_->{email} =~ s/@.*//r } @{ $data->{accounts} };
    my @keys = map { (ref $_ ? $_->{key} : $_) =~ s/^sk-5ecret-//r } @{ $data->{settings}{regularKeys} // [] };
    my @wrong = ((map { "account $_" } wrong(\%account, \@accounts)), map { "key $_" } wrong(\%key, \@keys));

    is("@wrong", '', "$name: every change that was acknowledged is in the file");
}

sub check_api {
    my ($name) = @_;

    my (@lists, $found);

    for my $path ('getAllAccounts', 'settings?reveal=true') {
        poll(sub { (my $status, $found) = api(GET => "/api/$path", undef, Authorization => "Bearer $QwenTest::Key{admin}"); $status == 200 });
        push @lists, json()->decode($found);
    }

    my @accounts = map { $_->{email} =~ s/@.*//r } @{ $lists[0]{data} };
    my @keys = map { s/^sk-5ecret-//r } @{ $lists[1]{regularKeys} };

    is(join(' ', wrong(\%account, \@accounts), wrong(\%key, \@keys)), '', "$name: and in effect");

    # what an answer that was lost has done is known now

    %account = ((map { $_ => 0 } keys %account), map { $_ => 1 } grep { /^n/ } @accounts);
    %key = ((map { $_ => 0 } keys %key), map { $_ => 1 } @keys);
}


srand $seed;
diag("TEST_CRASH_SEED=$seed") if $ENV{TEST_CRASH_KILLS};
note("TEST_CRASH_SEED=$seed");

sim()->set({ behaviours => [{ on => 'signin', delay => 5 }] });

my $nginx = QwenTest::Nginx->start(
    workers => 3, listen => 'reuseport', accounts => ['ann'], zone => '16m',
    http => "qwen_store file $file;", server => 'location /api/ { qwen_api admin; }');

ok($nginx->ready, 'ready');

for my $kill (1 .. $kills) {
    my @workers = $nginx->workers;
    my $master = $kill % 3 == 0;
    my ($select, $running) = work(0.05 + rand 0.4);

    if (!$master) {
        my $victim = $workers[rand @workers];

        kill 'KILL', $victim;
        ok(poll(sub { my @now = $nginx->workers; @now == 3 && !grep { $_ == $victim } @now }), "$kill: another worker runs");
        finish_all($select, $running);
        check_file("$kill, a worker");
        check_api("$kill, a worker");
        next;
    }

    # answers that were sent before the kill count, so they are read after it

    kill 'KILL', $nginx->{pid};
    sleep rand 0.05 if rand > 0.5;
    kill 'KILL', @workers;

    ok(poll(sub { !grep { !QwenTest::Nginx::ended($_) } @workers, $nginx->{pid} }), "$kill: all are dead");
    finish_all($select, $running);
    check_file("$kill, all");

    $nginx->launch;
    check_file("$kill, started again");
    check_api("$kill, started again");
}

note(sprintf '%d changes were tried, %d accounts and %d keys are left', $last, scalar(grep { $_ } values %account), scalar(grep { $_ } values %key));

$nginx->restart;
check_file('a restart');
check_api('a restart');
is((grep { /^data\.json./ } map { s{.*/}{}r } glob "$root/store/*"), 0, 'no temporary file is left');
$nginx->stop('QUIT');

my ($bad) = grep { /\[(?:alert|crit|emerg)\]/ && !/exited on signal 9|sched_setaffinity|was locked by/ || /$QwenTest::Secret/ } split /\n/, $nginx->error_log;
is($bad, undef, 'no alert and no secret in the log');

done_testing();
