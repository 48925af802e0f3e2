# The same answers over HTTP/2.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw( tempdir );
use POSIX ();
use QwenTest;
use QwenTest::Nginx;
use Test::More;
use Time::HiRes qw( sleep time );

plan skip_all => 'curl has no HTTP/2' if `curl --version 2>/dev/null` !~ /\bHTTP2\b/;

my $true = JSON::PP::true();
my $dir = tempdir(CLEANUP => 1);
my $base = 'http://127.0.0.1:' . port();


# Status and body; options of curl may come behind the path.

sub curl {
    my ($path, $chat, @options) = @_;

    if ($chat) {
        open my $out, '>', "$dir/body" or die $!;
        print $out ref $chat ? QwenTest::chat_body($chat) : $chat;
        close $out;
        push @options, '--data-binary', "\@$dir/body", '-H', 'Content-Type: application/json';
    }

    push @options, '-H', "Authorization: Bearer $QwenTest::Key{user}" if !grep { /^x-api-key/ } @options;

    open my $in, '-|', 'curl', '-s', '--http2-prior-knowledge', '--max-time', 60,
         '-w', "\n%{http_code} %{http_version}", @options, "$base$path" or die $!;
    local $/;
    my $output = <$in>;
    close $in;

    $output =~ s/\n(\d+) (\S+)\z// or return ('none', $output);

    return ("$1 HTTP/$2", $output);
}


sub stream {
    return { stream => $true,
             messages => [{ role => 'user', content => '[[sim:' . json()->encode($_[0]) . ']]' }] };
}


my $nginx = QwenTest::Nginx->start(accounts => [qw( ann bob )], listen => 'http2',
                                   main => 'worker_rlimit_nofile 4096;');

ok(poll(sub { (curl('/models'))[0] eq '200 HTTP/2' }), 'it is ready');


{
    my ($status, $body) = curl('/v1/models');
    is($status, '200 HTTP/2', 'the list of models');
    is(json()->decode($body)->{object}, 'list', 'its body');

    ($status, $body) = curl('/v1/models', undef, '-H', 'x-api-key: wrong');
    is("$status " . answer($body)->{error}{code}, '401 HTTP/2 invalid_api_key', 'a wrong key');

    ($status, $body) = curl('/v1/chat/completions', {});
    is("$status " . answer($body)->{text}, '200 HTTP/2 Simulated answer to: hi', 'a collected answer');

    ($status, $body) = curl('/v1/chat/completions', { stream => $true });
    my $answer = answer($body);
    is("$status $answer->{text} @{ $answer->{wrong} }", '200 HTTP/2 Simulated answer to: hi ', 'a stream');
    ok($answer->{done}, 'it is complete');

    ($status, $body) = curl('/v1/chat/completions', '{"model":');
    is("$status @{ answer($body)->{wrong} }", '400 HTTP/2 ', 'a body that is cut');

    sim()->next({ fault => 'content-filter' });
    ($status, $body) = curl('/v1/chat/completions', { stream => $true });
    is("$status " . answer($body)->{error}{code}, '400 HTTP/2 content_filter', 'an error of the upstream');

    sim()->next({ text => ['one ', 'two'], fault => 'cut', after => 1 });
    ($status, $body) = curl('/v1/chat/completions', { stream => $true });
    $answer = answer($body);
    is("$status $answer->{text}$answer->{error}{code} @{ $answer->{wrong} }", '200 HTTP/2 one upstream_incomplete ', 'a stream that breaks off');
    ok(!$answer->{done}, 'it is not complete');
}

{
    my ($status, $body) = curl('/v1/chat/completions', stream({ text => '', events => { count => 5000, size => 1000, pattern => 'mixed' } }));
    my $answer = answer($body);
    my ($record) = (sim()->requests('completion'))[-1];
    require Digest::SHA;
    is("$status @{ $answer->{wrong} }", '200 HTTP/2 ', '5 MB arrive');
    is(Digest::SHA::sha256_hex($answer->{text}), $record->{sent}{text_sha256}, 'all of the text');

    my $text = 'x' x 100000;
    ($status, $body) = curl('/v1/chat/completions', { messages => [{ role => 'user', content => $text }] });
    is($status, '200 HTTP/2', '100 kB are sent');
    ok((sim()->requests('completion'))[-1]{content} eq $text, 'all of the text');
}

{
    # curl does not do it well

    open my $out, '>', "$dir/many.mjs" or die $!;
    print $out <<'END';
import http2 from 'node:http2';

const [base, key, body, n] = process.argv.slice(2);
const session = http2.connect(base);

function chat() {
    return new Promise((resolve, reject) => {
        const stream = session.request({
            ':method': 'POST', ':path': '/v1/chat/completions',
            'authorization': `Bearer ${key}`,
            'content-type': 'application/json',
        });
        let text = '';
        stream.setEncoding('utf8');
        stream.on('data', (data) => { text += data; });
        stream.on('end', () => resolve(text));
        stream.on('error', reject);
        stream.end(body);
    });
}

const answers = await Promise.all(Array.from({ length: n }, chat));
process.stdout.write(JSON.stringify(answers));
session.close();
END
    close $out;

    open my $in, '-|', 'node', "$dir/many.mjs", $base, $QwenTest::Key{user},
         QwenTest::chat_body(stream({ text => [('a ') x 20], interval => 50 })), 100 or die $!;

    ok(poll(sub { sim()->stats->{open} == 100 }), 'a hundred streams run at once in one connection');

    my $answers = json()->decode(do { local $/; <$in> });
    my @good = grep { my $answer = answer($_); $answer->{text} eq 'a ' x 20 && $answer->{done} && !@{ $answer->{wrong} } } @$answers;

    is(scalar @good, 100, 'all of them are complete');
}

{
    for my $stage ([{ delay => 60000 }, 'before the first event'],
                   [{ text => ['one', 'two'], stall => { after => 1, ms => 60000 } }, 'in the middle'],
                   [{ on => 'new_chat', delay => 60000 }, 'before the new chat'])
    {
        my ($behaviour, $name) = @$stage;
        my $aborted = sim()->stats->{aborted};

        sim()->next($behaviour);
        curl('/v1/chat/completions', { stream => $true }, '--max-time', 1);
        ok(poll(sub { sim()->stats->{aborted} > $aborted }), "a client that leaves $name closes the upstream");
    }

    is((curl('/v1/chat/completions', {}))[0], '200 HTTP/2', 'chats go on');
}

{
    my ($pid) = $nginx->workers;
    my ($before) = QwenTest::slurp("/proc/$pid/status") =~ /VmRSS:\s+(\d+)/;

    my $curl = fork() // die $!;

    if ($curl == 0) {
        open STDOUT, '>', '/dev/null';
        open STDERR, '>', '/dev/null';
        exec 'curl', '-sS', '--http2-prior-knowledge', '--max-time', 3, '--limit-rate', '50k',
             '--data-binary', QwenTest::chat_body(stream({ text => '', events => { count => 50000, size => 1000 } })),
             '-H', 'Content-Type: application/json', '-H', "Authorization: Bearer $QwenTest::Key{user}",
             "$base/v1/chat/completions" or POSIX::_exit(1);
    }

    my $most = $before;

    while (waitpid($curl, POSIX::WNOHANG()) == 0) {
        my ($now) = QwenTest::slurp("/proc/$pid/status") =~ /VmRSS:\s+(\d+)/;
        $most = $now if $now > $most;
        sleep 0.05;
    }

  SKIP: {
        skip 'memory is another with sanitizers', 1 if defined $ENV{ASAN_OPTIONS};
        cmp_ok($most - $before, '<', 1024, 'a slow reader of 50 MB costs the worker ' . ($most - $before) . ' kB');
    }

    ok(poll(sub { sim()->stats->{open} == 0 }), 'the upstream is left');
}

$nginx->stop('QUIT');

my ($bad) = grep { /\[(?:alert|crit|emerg)\](?!.*sched_setaffinity)/ || /$QwenTest::Secret/ } split /\n/, $nginx->error_log;
is($bad, undef, 'no alert and no secret in the log');

done_testing();
