# The same text arrives however the upstream writes it, and whatever it writes,
# a client gets nothing but JSON.

use lib 't/lib';
use QwenTest;
use Test::Nginx::Socket 'no_plan';
use Digest::SHA qw( sha256_hex );
use Time::HiRes qw( time );

my $odd = "plain \"quoted\" \\back/slash\\ \b\f\n\r\t\0 \x{e9}\x{df} \x{6f22}\x{5b57} \x{1f600}\x{1f468}\x{200d}\x{1f469} \x{2028}\x{2029} data: {}\n\ndata: [DONE]\n\n \x{fffd}\x{ffff}\x{10ffff} <think></think> end";

sub odd { return $odd }

# An answer of the upstream that is written so.

sub chat {
    my ($behaviour, %body) = @_;

    sim()->next($behaviour);

    my ($status, $body, $headers) = api(POST => '/v1/chat/completions', { %body });
    my $answer = answer($body);

    $answer->{status} = $status;
    utf8::decode($answer->{text});

    return $answer;
}

sub stream { return chat($_[0], stream => JSON::PP::true()) }
sub collected { return chat($_[0]) }

sub brief {
    my ($answer) = @_;

    my $end = $answer->{error} ? $answer->{error}{code} : $answer->{finish};

    return "$answer->{status} " . ($end // '-') . " @{$answer->{wrong}}";
}

run_tests();

__DATA__

=== TEST 1: the text is the same in writes of 1 to 7 bytes
--- after
for my $n (1 .. 7, [1, 2, 3, 4, 5, 6, 7]) {
    my $name = ref $n ? 'all in turn' : $n;
    my $answer = stream({ text => odd(), thinking => odd(), split => $n });
    is(brief($answer), '200 stop ', "$name: complete");
    ok($answer->{text} eq odd(), "$name: the text");
    my $reasoning = $answer->{reasoning};
    utf8::decode($reasoning);
    ok($reasoning eq odd(), "$name: the reasoning");
    ok(collected({ text => odd(), split => $n })->{text} eq odd(), "$name: the collected text");
}



=== TEST 2: the text is the same wherever one cut is made
--- http: qwen_cooldown failures=1000;
--- after
my $text = "a\x{6f22}\x{1f600}\n\"\\\x{1f468}z";
for my $ascii (JSON::PP::false(), JSON::PP::true()) {
    my @bad;
    for my $at (map { $_ * 7 + ($ascii ? 3 : 0) } 40 .. 140) {
        my $answer = stream({ text => [$text, $text], split_at => $at, ascii => $ascii, usage => 'none', created => JSON::PP::false(), eol => $at % 2 ? 'crlf' : 'lf' });
        push @bad, $at if brief($answer) ne '200 stop ' || $answer->{text} ne $text x 2;
    }
    is("@bad", '', 'no cut changes anything');
}



=== TEST 3: the text is the same in all ways to write events
--- after
my $true = JSON::PP::true();
for my $way ({ eol => 'crlf' }, { eol => 'cr' }, { ascii => $true }, { slashes => $true }, { multiline => $true }, { comments => $true },
             { fields => $true }, { no_space => $true }, { bom => $true }, { tail => 'line' }, { tail => 'none' }, { done => $true },
             { length => $true }, { close => $true }, { piece => 1 }, { piece => 1000 }, { per_write => 1 }, { per_write => 1000 },
             { ascii => $true, slashes => $true, multiline => $true, comments => $true, fields => $true, eol => 'crlf', tail => 'none', bom => $true })
{
    my $name = json()->encode($way);
    for my $split (undef, 1, 5) {
        my $answer = stream({ text => odd(), %$way, $split ? (split => $split) : () });
        is(brief($answer), '200 stop ', "$name: complete");
        ok($answer->{text} eq odd(), "$name: the text");
    }
}



=== TEST 4: usage and thoughts of both forms survive every split
--- after
for my $n (1, 3, 7) {
    my $answer = stream({ thinking_form => 'summary', thinking => [{ title => "T\x{6f22}", thought => odd() }, { title => 'U', thought => 'v' }], text => 'x', split => $n });
    my $reasoning = $answer->{reasoning};
    utf8::decode($reasoning);
    is(brief($answer), '200 stop ', "$n: complete");
    ok($reasoning eq "**T\x{6f22}**\n\n" . odd() . "\n\n**U**\n\nv", "$n: the thoughts");
}



=== TEST 5: a megabyte in one event arrives
--- after
for my $pattern (qw( ascii cjk emoji escapes mixed )) {
    for my $form (JSON::PP::true(), $pattern eq 'mixed' ? JSON::PP::false() : ()) {
        my $answer = chat({ text => '', events => { count => 1, size => 1048576, pattern => $pattern } }, stream => $form);
        is(brief($answer), '200 stop ', "$pattern: complete");
        my ($record) = (sim()->requests('completion'))[-1];
        utf8::encode(my $text = $answer->{text});
        is(sha256_hex($text), $record->{sent}{text_sha256}, "$pattern: the text");
        cmp_ok(length $text, '>', 1000000, "$pattern: all of it");
    }
}



=== TEST 6: 200,000 events arrive
--- after
for my $form (JSON::PP::true(), JSON::PP::false()) {
    my $answer = chat({ text => '', events => { count => 200000, size => 12 } }, stream => $form);
    is(brief($answer), '200 stop ', 'complete');
    my ($record) = (sim()->requests('completion'))[-1];
    is(length $answer->{text}, 2400000, 'the length');
    is(sha256_hex($answer->{text}), $record->{sent}{text_sha256}, 'the text');
}



=== TEST 7: what of the upstream is no text becomes text
--- after
my %text = (
    'invalid-utf8' => qr/a\x{fffd}+b\x{fffd}+\(c\x{fffd}+d/,
    'control-byte' => qr/a\x01b\x09c\x7fd/,
    'raw-nul' => qr/a\x00b/,
    'lone-high' => qr/a[\x{fffd}\x{d83d}]b/,
    'lone-low' => qr/a[\x{fffd}\x{de00}]b/,
    'pair' => qr/a\x{1f600}b/,
    'split-pair' => qr/a.*b/,
    'nul' => qr/a\x00b/,
    'escapes' => qr/"\\\/\x08\f\n\r\tA\x{e9}\x{6f22}/,
    'line-separators' => qr/a\x{2028}b\x{2029}c\x{85}d/,
);
for my $name (sort keys %text) {
    for my $split (undef, 1) {
        my $behaviour = { text => ['one ', 'two'], hostile => [$name], $split ? (split => 1) : () };
        for my $answer (stream($behaviour), collected($behaviour)) {
            is(brief($answer), '200 stop ', "$name: complete");
            like($answer->{text}, qr/\Aone $text{$name}two\z/s, "$name: the text");
        }
    }
}



=== TEST 8: an escape that is none fails the call
--- http: qwen_cooldown failures=1000;
--- v1: qwen_attempts 1;
--- after
for my $name (qw( invalid-escape invalid-unicode )) {
    for my $split (undef, 1) {
        my $behaviour = { text => ['one ', 'two'], hostile => [$name], $split ? (split => 1) : () };
        my $answer = stream($behaviour);
        is(brief($answer), '200 upstream_protocol ', "$name: the stream ends with an error");
        is($answer->{text}, 'one ', "$name: with what was good");
        is(brief(collected($behaviour)), '502 upstream_protocol ', "$name: the collected answer is an error");
    }
}



=== TEST 9: whatever an event holds, the answer has a good form and an end
--- http: qwen_cooldown failures=1000;
--- v1: qwen_attempts 1;
--- after
for my $name (qw( truncated-json not-json empty-data json-scalar trailing-garbage wrong-types wrong-delta huge-numbers deep-nesting duplicate-keys )) {
    for my $split (undef, 3) {
        my $behaviour = { text => ['one ', 'two'], hostile => [$name], $split ? (split => 3) : () };
        my $answer = stream($behaviour);
        like(brief($answer), qr/^200 (?:stop|upstream_protocol) $/, "$name: stream");
        like($answer->{text}, qr/^one (?:.*two)?$/, "$name: text") if $name !~ /duplicate|delta/;
        like(brief(collected($behaviour)), qr/^(?:200 stop|502 upstream_protocol) $/, "$name: collected");
    }
}
is(api(GET => '/readyz'), 200, 'the worker lives');



=== TEST 10: an event above qwen_max_event fails the call
--- http: qwen_cooldown failures=1000;
--- v1: qwen_attempts 1; qwen_max_event 64k;
--- after
is(brief(stream({ text => '', events => { count => 1, size => 100000 } })), '502 upstream_protocol ', 'as the first');
is(brief(collected({ text => '', events => { count => 1, size => 100000 } })), '502 upstream_protocol ', 'collected');
my $answer = stream({ text => 'one ', events => [{ count => 3, size => 50000 }, { count => 1, size => 100000 }] });
is(brief($answer), '200 upstream_protocol ', 'as a later one');
is(length $answer->{text}, 150004, 'with what was good');



=== TEST 11: without a limit of its own an event may have four megabytes
--- http: qwen_cooldown failures=1000;
--- v1: qwen_attempts 1;
--- after
is(brief(stream({ text => '', events => { count => 1, size => 4000000 } })), '200 stop ', 'below');
is(brief(stream({ text => '', events => { count => 1, size => 4300000 } })), '502 upstream_protocol ', 'above');



=== TEST 12: a collected answer above qwen_max_answer is an error
--- http: qwen_cooldown failures=1000;
--- v1: qwen_attempts 1; qwen_max_answer 100k;
--- after
is(brief(collected({ text => '', events => { count => 90, size => 1000 } })), '200 stop ', 'below');
my $answer = collected({ text => '', events => { count => 200, size => 1000 } });
like(brief($answer), qr/^502 \w+ $/, 'above');
is(brief(collected({ thinking => 'x' x 60000, text => 'y' x 60000, piece => 1000 })) =~ s/\w+ $//r, '502 ', 'thinking counts too');
is(brief(stream({ text => '', events => { count => 200, size => 1000 } })), '200 stop ', 'a stream has no such limit');



=== TEST 13: a comment without an end does not fill the memory
--- http: qwen_cooldown failures=1000;
--- v1: qwen_attempts 1;
--- after
for my $junk (': ', 'data', 'x: ') {
    sim()->next({ status => 200, content_type => 'text/event-stream', body => $junk . 'x' x 20000000 });
    my ($status, $body) = api(POST => '/v1/chat/completions', { stream => JSON::PP::true() });
    is($status, 502, "'$junk': an error");
    is("@{ answer($body)->{wrong} }", '', "'$junk': in a good form");
}
my ($pid) = `ps -o pid= --ppid @{[ QwenTest::slurp("$ENV{TEST_NGINX_SERVROOT}/logs/nginx.pid") ]}` =~ /(\d+)/;
my ($kb) = QwenTest::slurp("/proc/$pid/status") =~ /VmHWM:\s+(\d+)/;
cmp_ok($kb, '<', 40000, "the worker had at most $kb kB") if !$ENV{ASAN_OPTIONS} && $QwenTest::Patience <= 10;



=== TEST 14: an answer to the sign-in may come in single bytes, and so may that to a new chat
--- sim: {"behaviours": [{"on": ["signin", "new_chat", "models"], "split": 1, "length": false}]}
--- chat: {}
--- answers
200 "Simulated answer to: hi"
