# Several workers, signals, slow clients and clients that leave: what needs
# more than one request and one answer.

use strict;
use warnings;

use lib 't/lib';
use QwenTest;
use QwenTest::Nginx;
use Test::More;
use Time::HiRes qw( sleep time );

my $true = JSON::PP::true();
my $sanitized = defined $ENV{ASAN_OPTIONS};

sub begin {
    my (%option) = @_;

    sim()->reset;
    sim()->set($option{sim}) if $option{sim};

    return QwenTest::Nginx->start(accounts => [qw( ann bob cyd )], %option);
}

sub finish {
    my ($nginx, $name) = @_;

    $nginx->stop('QUIT');

    my ($bad) = grep { /\[(?:alert|crit|emerg)\]/ || /$QwenTest::Secret/ }
                    grep { !/exited on signal 9|sched_setaffinity/ }
                    split /\n/, $nginx->error_log;

    is($bad, undef, "$name: no alert and no secret in the log");
}

sub memory {
    my ($pid) = @_;

    my ($kb) = QwenTest::slurp("/proc/$pid/status") =~ /VmRSS:\s+(\d+)/;

    return $kb;
}

sub signins { return { map { s/@.*//r => sim()->accounts->{$_}{signins} } keys %{ sim()->accounts } } }

sub stream {
    return { stream => $true,
             messages => [{ role => 'user', content => '[[sim:' . json()->encode($_[0]) . ']]' }] };
}


subtest '100 requests in 4 workers without a token cause one sign-in for each account' => sub {
    my $nginx = begin(workers => 4, sim => { behaviours => [{ on => 'signin', delay => 700 }] });
    my @clients = $nginx->clients(100, { stream => $true });

    ok($nginx->pump(\@clients), 'all end');
    is_deeply($nginx->outcomes(\@clients), { '200 stop' => 100 }, 'all are good');
    is_deeply(signins(), { ann => 1, bob => 1, cyd => 1 }, 'one sign-in each');
    finish($nginx, 'single flight');
};


subtest '60 requests whose tokens have gone cause one sign-in for each account' => sub {
    my $nginx = begin(workers => 4);

    ok($nginx->ready, 'ready');
    sim()->set({ behaviours => [{ on => 'signin', delay => 300 }] });
    sim()->revoke;

    my @clients = $nginx->clients(60, {});

    ok($nginx->pump(\@clients), 'all end');
    is_deeply($nginx->outcomes(\@clients), { '200 stop' => 60 }, 'all are good');
    is_deeply(signins(), { ann => 2, bob => 2, cyd => 2 }, 'one more sign-in each');
    finish($nginx, 'revoked');
};


subtest 'the rotation is fair across 4 workers' => sub {
    my $nginx = begin(workers => 4, accounts => [qw( ann bob cyd dan eve )]);

    ok($nginx->ready, 'ready');
    sim()->forget;

    my @clients = $nginx->clients(200, {});

    ok($nginx->pump(\@clients), 'all end');
    is_deeply($nginx->outcomes(\@clients), { '200 stop' => 200 }, 'all are good');

    my %n;
    $n{$_->{email}}++ for sim()->requests('new_chat');
    my ($least, $most) = (sort { $a <=> $b } values %n)[0, -1];

    is(scalar keys %n, 5, 'all accounts serve');
    cmp_ok($most - $least, '<=', 2, "from $least to $most chats each");
    finish($nginx, 'fairness');
};


subtest '200 running streams survive a reload, and so do tokens' => sub {
    my $nginx = begin(workers => 2);

    ok($nginx->ready, 'ready');

    my @clients = $nginx->clients(200, stream({ text => [('a piece ') x 20], interval => 100 }));

    ok($nginx->pump(\@clients, sub { sim()->stats->{open} >= 200 }), 'all have begun');
    ok($nginx->reload, 'new workers run');
    ok($nginx->pump([$nginx->clients(1, {})]), 'and serve');

    ok($nginx->pump(\@clients), 'all end');
    is_deeply($nginx->outcomes(\@clients), { '200 stop' => 200 }, 'all are complete');
    is((grep { QwenTest::Nginx::answer($_)->{text} eq 'a piece ' x 20 } @clients), 200, 'with all of their text');
    is(api(POST => '/v1/chat/completions', {}), 200, 'chats go on');
    is_deeply(signins(), { ann => 1, bob => 1, cyd => 1 }, 'with the tokens that were there');
    finish($nginx, 'reload');
};


subtest 'a reload takes accounts in and out, and changes passwords' => sub {
    my $nginx = begin(accounts => [qw( ann bob )]);

    ok($nginx->ready, 'ready');
    ok($nginx->reload(accounts => [qw( bob cyd )]), 'new workers run');
    ok(poll(sub { (signins()->{cyd} // 0) == 1 }), 'the new account is signed in');
    ok(poll(sub { sim()->forget; api(POST => '/v1/chat/completions', {}) for 1 .. 4;
                  join(' ', sort map { $_->{email} =~ s/@.*//r } sim()->requests('completion')) eq 'bob bob cyd cyd' }),
       'the old one serves no more');
    is(signins()->{bob}, 1, 'the one that stays keeps its token');
    finish($nginx, 'accounts');
};


subtest 'a zone of another size begins anew' => sub {
    my $nginx = begin(accounts => [qw( ann )]);

    ok($nginx->ready, 'ready');
    ok($nginx->reload(zone => '2m'), 'new workers run');
    ok(poll(sub { api(POST => '/v1/chat/completions', {}) == 200 }), 'it serves');
    is(signins()->{ann}, 2, 'after another sign-in');
    finish($nginx, 'zone');
};


subtest 'a time-out of the shutdown ends streams, and the accounts serve on' => sub {
    my $nginx = begin(workers => 2, main => 'worker_shutdown_timeout 500ms;');

    ok($nginx->ready, 'ready');

    my @clients = $nginx->clients(40, stream({ text => ['one', 'two'], stall => { after => 1, ms => 60000 } }));

    ok($nginx->pump(\@clients, sub { sim()->stats->{open} >= 40 && !grep { $_->{data} !~ /"one"/ } @clients }), 'all have begun');
    ok($nginx->reload, 'new workers run');
    ok($nginx->pump(\@clients), 'all end');
    is_deeply([keys %{ $nginx->outcomes(\@clients) }], ['200 broken'], 'without a finish');
    ok(poll(sub { sim()->stats->{open} == 0 }), 'the upstream is left');
    is(api(POST => '/v1/chat/completions', {}), 200, 'chats go on') for 1 .. 3;
    is_deeply(signins(), { ann => 1, bob => 1, cyd => 1 }, 'with the tokens that were there');

    $nginx->stop('QUIT');
    my @alerts = grep { /\[(?:crit|emerg)\]/ || /$QwenTest::Secret/ || /\[alert\](?!.*open socket)/ && !/sched_setaffinity/ } split /\n/, $nginx->error_log;
    is_deeply(\@alerts, [], 'no alert and no secret in the log');
};


subtest 'a graceful end lets streams finish' => sub {
    my $nginx = begin();

    ok($nginx->ready, 'ready');

    my @clients = $nginx->clients(20, stream({ text => [('a piece ') x 10], interval => 100 }));

    ok($nginx->pump(\@clients, sub { sim()->stats->{open} >= 20 }), 'all have begun');
    $nginx->signal('QUIT');
    ok($nginx->pump(\@clients), 'all end');
    is_deeply($nginx->outcomes(\@clients), { '200 stop' => 20 }, 'all are complete');
    finish($nginx, 'quit');
};


subtest 'a worker that is killed under load takes nothing with it' => sub {
    my $nginx = begin(workers => 2, v1 => 'qwen_retry_delay 10ms;');

    ok($nginx->ready, 'ready');

    for my $round (1 .. 3) {
        my @clients = $nginx->clients(60, stream({ text => [('a piece ') x 10], interval => 50 }));

        ok($nginx->pump(\@clients, sub { sim()->stats->{open} >= 20 }), 'many have begun');

        my ($victim) = $nginx->workers;
        kill 'KILL', $victim;

        ok(poll(sub { my @now = $nginx->workers; @now == 2 && !grep { $_ == $victim } @now }), 'another worker runs');
        ok($nginx->pump(\@clients), 'all end');

        my $outcomes = $nginx->outcomes(\@clients);
        my $good = $outcomes->{'200 stop'} // 0;

        note(explain($outcomes));
        is(scalar(grep { !/^(?:200 stop|0 broken|200 broken)/ } keys %$outcomes), 0, 'no other answers than whole and cut ones');

        my @more = $nginx->clients(30, {});

        ok($nginx->pump(\@more), 'no lock was left');
        is_deeply($nginx->outcomes(\@more), { '200 stop' => 30 }, 'all accounts serve');
    }

    ok(poll(sub { sim()->stats->{open} == 0 }), 'the upstream is left');
    is_deeply(signins(), { ann => 1, bob => 1, cyd => 1 }, 'tokens are there still');
    finish($nginx, 'kill');
};


subtest 'a worker that is killed while it signs in leaves the sign-in to others' => sub {

    my $nginx = begin(accounts => ['ann'], sim => { behaviours => [{ on => 'signin', fault => 'time-out' }] });

    ok(poll(sub { sim()->stats->{calls}{signin} }), 'a sign-in runs');
    sim()->set({ behaviours => [] });
    kill 'KILL', $nginx->workers;
    ok(poll(sub { api(POST => '/v1/chat/completions', {}) == 200 }, 30), 'it is done again');
    finish($nginx, 'killed sign-in');
};


subtest 'the schedule goes on when the first worker was killed' => sub {
    my $nginx = begin(workers => 2, accounts => ['ann']);

    ok($nginx->ready, 'ready');

    for my $pid ($nginx->workers) {
        kill 'KILL', $pid;
        ok(poll(sub { my @now = $nginx->workers; @now == 2 && !grep { $_ == $pid } @now }), 'another worker runs');
    }

    sim()->revoke;
    is(api(POST => '/v1/chat/completions', {}), 200, 'a token that has gone is replaced');
    finish($nginx, 'schedule');
};


subtest 'a slow reader of 50 MB costs the worker less than 1 MB' => sub {
    my $nginx = begin(accounts => ['ann'], http => 'postpone_output 0;');

    ok($nginx->ready, 'ready');
    is(api(POST => '/v1/chat/completions', stream({ text => '', events => { count => 1000, size => 1000 } })), 200, 'a first stream');

    my ($pid) = $nginx->workers;
    my $before = memory($pid);
    my $most = $before;

    my $client = $nginx->client(stream({ text => '', events => { count => 50000, size => 1000 } }));
    my $socket = $client->{socket};
    my $end = time + 4;

    while (time < $end) {
        sysread $socket, $client->{data}, 16384, length $client->{data};
        my $now = memory($pid);
        $most = $now if $now > $most;
        sleep 0.05;
    }

    cmp_ok(length $client->{data}, '<', 5_000_000, 'the client was slow');

  SKIP: {
        skip 'memory is another with sanitizers', 1 if $sanitized;
        cmp_ok($most - $before, '<', 1024, 'the worker grew by ' . ($most - $before) . ' kB');
    }

    ok($nginx->pump([$client], undef, 60), 'the rest is read');
    is_deeply($nginx->outcomes([$client]), { '200 stop' => 1 }, 'it is complete');
    is(length QwenTest::Nginx::answer($client)->{text}, 50_000_000, 'all of it');

  SKIP: {
        skip 'memory is another with sanitizers', 1 if $sanitized;
        cmp_ok(memory($pid) - $before, '<', 1024, 'and nothing stays');
    }

    finish($nginx, 'slow reader');
};


subtest 'a client that leaves closes the upstream, at every stage' => sub {
    my $nginx = begin(accounts => ['ann'], http => 'qwen_cooldown failures=1;');

    ok($nginx->ready, 'ready');

    for my $form ($true, JSON::PP::false()) {
        my $kind = $form ? 'stream' : 'collected';

        for my $stage (['the new chat', { on => 'new_chat', delay => 60000 }, 'new_chat'],
                       ['the first event', { delay => 60000 }, 'completion'],
                       ['the first text', { fault => 'time-out', after => 0 }, 'completion'],
                       ['the next text', { text => ['one', 'two'], stall => { after => 1, ms => 60000 } }, 'completion'],
                       ['the end', { text => ['one'], finish => JSON::PP::false(), hang => $true }, 'completion'])
        {
            my ($name, $behaviour, $call) = @$stage;

            sim()->forget;
            sim()->next($behaviour);

            my $aborted = sim()->stats->{aborted};
            my $client = $nginx->client({ stream => $form });

            ok(poll(sub { sim()->requests($call) }), "$kind, before $name: it is asked");
            $nginx->pump([$client], sub { $client->{data} =~ /"one"/ }) if $form && $name =~ /next|end/;
            sleep 0.1;

            my $start = time;
            close delete $client->{socket};

            ok(poll(sub { my $stats = sim()->stats;
                           $stats->{aborted} > $aborted || $name eq 'the end' && $stats->{open} == 0 }), sprintf '%s, before %s: the upstream is left in %.3f s', $kind, $name, time - $start);
        }
    }

    is(api(GET => '/readyz'), 200, 'no account is blamed');
    is(api(POST => '/v1/chat/completions', {}), 200, 'chats go on');
    finish($nginx, 'abort');
};


subtest 'a client that leaves while it waits for a sign-in makes no chat' => sub {
    my $nginx = begin(accounts => ['ann'], sim => { behaviours => [{ on => 'signin', delay => 800 }] });
    my @clients = $nginx->clients(5, {});

    ok(poll(sub { sim()->stats->{calls}{signin} }), 'a sign-in runs');
    sleep 0.1;
    close delete $_->{socket} for @clients;

    ok(poll(sub { api(GET => '/readyz') == 200 }), 'it ends well');
    sleep 0.2;
    is(scalar sim()->requests('new_chat'), 0, 'no chat is made');
    is(sim()->stats->{calls}{signin}, 1, 'one sign-in');
    finish($nginx, 'abort of a wait');
};


subtest 'a client that leaves between two attempts is not served on' => sub {
    my $nginx = begin(v1 => 'qwen_retry_delay 500ms;');

    ok($nginx->ready, 'ready');
    sim()->forget;
    sim()->next({ fault => '500', times => 3 });

    my $client = $nginx->client({});

    ok(poll(sub { sim()->requests('completion') && (sim()->requests('completion'))[0]{ended} }), 'the first attempt fails');
    sleep 0.05;
    close delete $client->{socket};
    sleep 0.8;
    is(scalar sim()->requests('completion'), 1, 'there is no second');
    finish($nginx, 'abort of a pause');
};


subtest 'a chat that needs a sign-in while its worker exits gets its answer' => sub {
    my $nginx = begin(accounts => ['ann'], v1 => 'qwen_timeout 15s;');

    ok($nginx->ready, 'ready');
    sim()->next({ fault => 'unauthorized-401', delay => 500 });

    my @clients = $nginx->clients(1, { stream => $true });

    ok(poll(sub { sim()->requests('completion') }), 'its token is about to be refused');

    my $start = time;

    $nginx->signal('QUIT');
    ok($nginx->pump(\@clients), 'it ends');
    is_deeply($nginx->outcomes(\@clients), { '200 stop' => 1 }, 'well');
    cmp_ok(time - $start, '<', 10, 'before its time is over');
    is(sim()->accounts->{'ann@example.com'}{signins}, 2, 'by another sign-in');
    finish($nginx, 'sign-in while exiting');
};


subtest 'a size limit of the server is not one of the calls' => sub {
    my $nginx = begin(server => 'client_max_body_size 1k;', v1 => 'client_max_body_size 1m;');

    ok($nginx->ready, 'ready');
    is(api(POST => '/v1/chat/completions', { messages => [{ role => 'user', content => 'x' x 5000 }] }), 200, 'a chat above it is served');
    finish($nginx, 'size limit');
};


subtest 'with the log level debug all goes on as before' => sub {
    my $nginx = begin(main => "error_log logs/debug.log debug;");

    ok($nginx->ready, 'ready');
    sim()->next({ fault => '500' });
    is(api(POST => '/v1/chat/completions', {}), 200, 'a chat with a failover');
    $nginx->reload;
    ok($nginx->ready, 'ready again');
    is(api(POST => '/v1/chat/completions', { stream => $true }), 200, 'a stream');
    finish($nginx, 'debug');
};


done_testing();
