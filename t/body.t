# What clients may send: every body gets an answer in the form of the API, soon
# and at little cost, and nothing that client or upstream say is taken for
# anything but text.

use lib 't/lib';
use QwenTest;
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw( time );

# Status, code and param of what a raw body gets.

sub refusal {
    my ($body, %headers) = @_;

    my ($status, $content, $headers) = api(POST => '/v1/chat/completions', $body, %headers);
    my $answer = answer($content);

    return "$status " . CORE::join(' ', @{ $answer->{wrong} }) if @{ $answer->{wrong} };
    return $status if !$answer->{error};

    return CORE::join ' ', $status, map { $_ // '-' } @{ $answer->{error} }{ 'type', 'code', 'param' };
}

sub rss {
    my $pid = CORE::join '', map { my $p = $_; `ps -o pid= --ppid $p` } QwenTest::slurp("$ENV{TEST_NGINX_SERVROOT}/logs/nginx.pid");
    my ($kb) = QwenTest::slurp("/proc/" . ($pid =~ /(\d+)/)[0] . "/status") =~ /VmHWM:\s+(\d+)/;
    return $kb;
}

run_tests();

__DATA__

=== TEST 1: what is no JSON, or is cut, is a 400 that names the place
--- after
my $good = '{"model":"qwen3-max","messages":[{"role":"user","content":"hi \u00e9 x"}],"n":1.5e3,"a":[true,false,null]}';
is(refusal($good), 200, 'the whole is good');
is(refusal(substr $good, 0, $_), '400 invalid_request_error - -', "cut at $_") for 0 .. length($good) - 1;
is(refusal($_), '400 invalid_request_error - -', "no JSON: $_")
    for 'hello', "$good}", "$good,", "{$good}", '{"model":"a",}', "{'model':1}", '{"a":01}', '{"a":+1}', '{"a":.5}', '{"a":1.}',
        '{"a":NaN}', '{"a":tru}', '{"a" 1}', '{"a":"\x"}', '{"a":"\u12g4"}', "{\"a\":\"\n\"}", "{\"a\":\"\0\"}", "\xef\xbb\xbf\xef\xbb\xbf$good", '[1,]';
my (undef, $body) = api(POST => '/v1/chat/completions', '{"model": }');
like($body, qr/byte 10/, 'the place');
is(scalar sim()->requests('new_chat'), 1, 'one reached the upstream');



=== TEST 2: what is no object is a 400
--- after
is(refusal($_), '400 invalid_request_error - -', "body: $_") for '[]', '"a"', '1', 'null', 'true', '[{"model":"a"}]';



=== TEST 3: 10,000 levels are refused in no time
--- after
my $start = time;
is(refusal($_ x 10000), '400 invalid_request_error - -', "10,000 x $_") for '[', '{"a":';
is(refusal('{"model":"qwen3-max","messages":' . '[' x 10000 . ']' x 10000 . '}'), '400 invalid_request_error - -', 'inside of messages');
is(refusal('{"model":"qwen3-max","x":' . '{"a":' x 10000 . '1' . '}' x 10000 . ',"messages":[]}'), '400 invalid_request_error - -', 'in a field that is ignored');
cmp_ok(time - $start, '<', 2 * $QwenTest::Patience / 10, 'in no time');



=== TEST 4: a wrong type is a 400 that names the field
--- after
my @messages = (messages => [{ role => 'user', content => 'hi' }]);
my @model = (model => 'qwen3-max');
my ($true, $false) = (JSON::PP::true(), JSON::PP::false());
my $user = sub { +{ @model, messages => [{ role => 'user', @_ }] } };
my $part = sub { +{ @model, messages => [{ role => 'user', content => 'x' }, { role => 'user', content => [{ type => 'text', text => 'y' }, $_[0]] }] } };
for (
    ['model', { @messages }],
    (map { ['model', { @messages, model => $_ }] } undef, '', 1, $true, [], {}, "a\nb", "a\0b", 'x' x 257),
    ['messages', { @model }],
    (map { ['messages', { @model, messages => $_ }] } undef, [], {}, 'x', 1, $false),
    (map { ['messages[0]', { @model, messages => [$_] }] } undef, 'x', 1, [], $true),
    (map { ['messages[0].role', { @model, messages => [{ content => 'x', role => $_ }] }] } undef, '', 'User', 'robot', 1, [], {}),
    ['messages[0].role', { @model, messages => [{ content => 'x' }] }],
    ['messages[0].content', $user->()],
    (map { ['messages[0].content', $user->(content => $_)] } undef, 1, $true, {}, []),
    ['messages[0].content', { @model, messages => [{ role => 'system' }] }],
    ['messages[0].content', { @model, messages => [{ role => 'assistant', content => 5 }] }],
    ['messages[1].content[1]', $part->('x')],
    ['messages[1].content[1]', $part->(undef)],
    ['messages[1].content[1].type', $part->({})],
    ['messages[1].content[1].type', $part->({ type => 'hologram', text => 'x' })],
    ['messages[1].content[1].type', $part->({ type => 1 })],
    ['messages[1].content[1].text', $part->({ type => 'text' })],
    ['messages[1].content[1].text', $part->({ type => 'text', text => 5 })],
    ['messages[1].content[1].image_url', $part->({ type => 'image_url' })],
    ['messages[1].content[1].image_url.url', $part->({ type => 'image_url', image_url => {} })],
    ['messages[1].content[1].image_url.url', $part->({ type => 'image_url', image_url => { url => '' } })],
    ['messages[1].content[1].file.file_data', $part->({ type => 'file', file => {} })],
    (map { ['stream', { @model, @messages, stream => $_ }] } 1, 'yes', [], {}),
    (map { ['stream_options', { @model, @messages, stream => $true, stream_options => $_ }] } 1, 'x', [], $true),
    (map { ['stream_options.include_usage', { @model, @messages, stream_options => { include_usage => $_ } }] } 1, 'x', []),
    (map { ['chat_type', { @model, @messages, chat_type => $_ }] } '', 'T2T', 'song', 1, [], {}),
    (map { ['enable_thinking', { @model, @messages, enable_thinking => $_ }] } 1, 'x', [], {}),
    (map { ['reasoning_effort', { @model, @messages, reasoning_effort => $_ }] } 1, $true, [], {}, 'x' x 100),
    (map { ['thinking_budget', { @model, @messages, thinking_budget => $_ }] } 0, -1, 81921, 1.5, 1e300, '1', [], $true),
) {
    my ($param, $body) = @$_;
    my $text = json()->encode($body);
    is(refusal($text), "400 invalid_request_error - $param", substr $text, 0, 150);
}
is(scalar sim()->requests, 0, 'none reached the upstream');



=== TEST 5: invalid UTF-8 is a 400
--- after
for my $bytes ("\xff", "\xc3(", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe6\xbc", "\x80") {
    my $hex = unpack 'H*', $bytes;
    is(refusal("{\"model\":\"qwen3-max\",\"messages\":[{\"role\":\"user\",\"content\":\"a${bytes}\"}]}"), '400 invalid_request_error - -', "content: $hex");
    is(refusal("{\"model\":\"${bytes}\",\"messages\":[]}"), '400 invalid_request_error - -', "model: $hex");
    is(refusal("{\"${bytes}\":1,\"model\":\"m\",\"messages\":[]}"), '400 invalid_request_error - -', "a name: $hex");
}



=== TEST 6: escaped surrogates alone do not reach the upstream as invalid text
--- after
my ($status) = api(POST => '/v1/chat/completions', '{"model":"qwen3-max","messages":[{"role":"user","content":"a\ud83d b\ude00 \ud83d\ude00"}]}');
like($status, qr/^(?:200|400)$/, 'an answer');
is(scalar(grep { $_->{refused} } sim()->requests), 0, 'the upstream refuses nothing');



=== TEST 7: the text arrives whether the body is in memory or in a file
--- server: client_body_buffer_size 1k;
--- after
for my $size (10, 500, 1500, 40000, 110000) {
    my $text = substr '0123456789abcdef' x 7000, 0, $size;
    is(api(POST => '/v1/chat/completions', { messages => [{ role => 'user', content => $text }] }), 200, "$size bytes");
    ok((sim()->requests('completion'))[-1]{content} eq $text, "all of the $size bytes");
}



=== TEST 8: so does it with a large buffer, and in chunks
--- server: client_body_buffer_size 1m;
--- raw_request eval
my $body = QwenTest::chat_body({ messages => [{ role => 'user', content => 'chunky' x 1000 }] });
["POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer sk-user-5ecret\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
 CORE::join('', map { sprintf "%x\r\n%s\r\n", length $_, $_ } unpack '(a700)*', $body) . "0\r\n\r\n"]
--- answers
200
--- content eval
['chunky' x 1000]



=== TEST 9: a conversation that is too long for the upstream is a 413 that says so
--- after
my $text = 'x' x 124000;
is(refusal(QwenTest::chat_body({ messages => [{ role => 'user', content => $text }] })), '413 invalid_request_error context_length_exceeded messages', 'above 120k');
is(refusal(QwenTest::chat_body({ messages => [map { { role => 'user', content => substr $text, 0, 12400 } } 1 .. 10] })), '413 invalid_request_error context_length_exceeded messages', 'all messages count');
is(refusal(QwenTest::chat_body({ messages => [{ role => 'user', content => substr $text, 0, 110000 }] })), 200, 'below it');
is(scalar(grep { $_->{refused} } sim()->requests), 0, 'the upstream refuses nothing');



=== TEST 10: what is told as the largest is the largest, in bytes of the upstream's body
--- after
my ($good, $bad) = (100000, 130000);
while ($bad - $good > 1) {
    my $n = int(($good + $bad) / 2);
    my $status = api(POST => '/v1/chat/completions', { messages => [{ role => 'user', content => "\n" x ($n / 2) }] });
    if ($status == 200) { $good = $n } else { is($status, 413, "413 at $n") if $status != 413; $bad = $n }
}
my ($bytes) = sort { $b <=> $a } map { $_->{bytes} } sim()->requests('completion');
cmp_ok($bytes, '<=', 120 * 1024, "never above 120k ($bytes)");
cmp_ok($bytes, '>', 112 * 1024, 'nor much below it');



=== TEST 11: qwen_max_upstream_body sets the limit
--- v1: qwen_max_upstream_body 8k;
--- after
is(refusal(QwenTest::chat_body({ messages => [{ role => 'user', content => 'x' x 9000 }] })), '413 invalid_request_error context_length_exceeded messages', 'above');
is(refusal(QwenTest::chat_body({ messages => [{ role => 'user', content => 'x' x 3000 }] })), 200, 'below');
my (undef, $body) = api(POST => '/v1/chat/completions', { messages => [{ role => 'user', content => 'x' x 9000 }] });
like($body, qr/8192 bytes/, 'and the text tells it');



=== TEST 12: qwen_max_upstream_body off sets none
--- v1: qwen_max_upstream_body off;
--- sim: {"max_body": null}
--- after
is(refusal(QwenTest::chat_body({ messages => [{ role => 'user', content => 'x' x 3000000 }] })), 200, '3 MB');
is(length((sim()->requests('completion'))[-1]{content}), 3000000, 'all of it');



=== TEST 13: qwen_max_json limits what the body has beside its long strings
--- v1: qwen_max_json 4k;
--- after
is(refusal(QwenTest::chat_body({ x => [1 .. 3000] })), '413 invalid_request_error - -', 'too many values');
is(refusal(QwenTest::chat_body({ messages => [{ role => 'user', content => 'x' x 100000 }] })), 200, 'a long string is none of it');



=== TEST 14: a great many values are refused, not stored
--- after
is(refusal('{"model":"qwen3-max","x":[' . CORE::join(',', (1) x 300000) . '],"messages":[{"role":"user","content":"x"}]}'), '413 invalid_request_error - -', '300,000 numbers');
is(refusal('{"model":"qwen3-max","messages":[' . CORE::join(',', ('{"role":"user","content":""}') x 60000) . ']}'), '413 invalid_request_error - -', '60,000 messages');



=== TEST 15: 100 MB in one string are refused with little memory
--- v1: client_max_body_size 128m;
--- timeout: 60
--- after
api(POST => '/v1/chat/completions', {});
my $before = rss();
my $start = time;
my $text = 'x' x (100 * 1024 * 1024);
is(refusal('{"model":"qwen3-max","messages":[{"role":"user","content":"' . $text . '"}]}'), '413 invalid_request_error context_length_exceeded messages', 'it is refused');
my $grown = rss() - $before;
cmp_ok($grown, '<', 4096, "the worker grows by $grown kB") if !$ENV{ASAN_OPTIONS} && $QwenTest::Patience <= 10;



=== TEST 16: a body above client_max_body_size is a 413 of the API
--- v1: client_max_body_size 1k;
--- after
my ($status, $body, $headers) = api(POST => '/v1/chat/completions', { x => 'y' x 2000 });
is("$status $headers->{'access-control-allow-origin'} $headers->{'content-type'}", '413 * application/json', 'status and headers');
my $answer = answer($body);
is("@{$answer->{wrong}}", '', 'the form');
is($answer->{error}{type}, 'invalid_request_error', 'the type');



=== TEST 17: limit_req answers in the form of the API, with the operator's status
--- http: limit_req_zone $qwen_key zone=keys:1m rate=1r/m;
--- v1: limit_req zone=keys; limit_req_status 429;
--- chat: [{}, {}]
--- answers
200 "Simulated answer to: hi"
429 rate_limit_error rate_limit_exceeded
--- response_headers eval
["", "Access-Control-Allow-Origin: *"]



=== TEST 18: limit_req keeps its own status 503
--- http: limit_req_zone $qwen_key zone=keys:1m rate=1r/m;
--- v1: limit_req zone=keys;
--- chat: [{}, {}]
--- answers
200 "Simulated answer to: hi"
503 upstream_error overloaded



=== TEST 19: a content type other than JSON is a 415
--- after
is(refusal('{}', 'Content-Type' => $_), '415 invalid_request_error - -', $_) for 'text/plain', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded', 'application/jsonx';
is(api(POST => '/v1/chat/completions', {}, 'Content-Type' => $_), 200, $_) for 'application/json; charset=utf-8', 'Application/JSON';



=== TEST 20: a wrong method is a 405 that tells the right ones
--- request eval
["GET /v1/chat/completions", "DELETE /v1/models", "POST /v1/models/qwen3-max\n{}", "PUT /v1/chat/completions\n{}"]
--- answers
405 invalid_request_error -
405 invalid_request_error -
405 invalid_request_error -
405 invalid_request_error -
--- response_headers eval
["Allow: POST, OPTIONS", "Allow: GET, HEAD, OPTIONS", "Allow: GET, HEAD, OPTIONS", "Allow: POST, OPTIONS"]



=== TEST 21: an unknown route is a 404 of the API
--- request eval
["GET /v1/", "GET /v1/chat", "POST /v1/chat/completionsx\n{}", "POST /v1/chat/completions/x\n{}", "GET /v1/modelsx"]
--- answers
404 invalid_request_error -
404 invalid_request_error -
404 invalid_request_error -
404 invalid_request_error -
404 invalid_request_error -



=== TEST 22: a body is no matter for routes that need none
--- request
GET /v1/models
{"a":1}
--- error_code: 200



=== TEST 23: HEAD answers without a body
--- request
HEAD /v1/models
--- response_body:
--- error_code: 200



=== TEST 24: a name of a model is text for the upstream, whatever it has
--- sim: {"model_check": "off"}
--- after
for my $name ('a", "x":"y', 'a\\', "m\x{e9}\x{6f22}\x{1f600}", '../../x?y=z&a=b#c', '%0d%0aX-Evil: 1', '<script>', '{{7*7}}', '$qwen_key ${host}', "\x{2028}") {
    my ($status, $body) = api(POST => '/v1/chat/completions', { model => $name, stream => JSON::PP::true() });
    utf8::encode(my $shown = $name);
    is($status, 200, "$shown is passed on");
    my $answer = answer($body);
    is("@{$answer->{wrong}}", '', "$shown: a good form");
    is($answer->{chunks}[0]{model}, $name, "$shown is told as it was");
    is(QwenTest::body((sim()->requests('completion'))[-1])->{model}, $name, "$shown arrives as it was");
}



=== TEST 25: a chat id of the upstream cannot make another request or another argument
--- after
for my $id ("a b", 'a&x=y', "a\r\nX-Evil: 1\r\n\r\nGET /evil HTTP/1.1\r\n\r\n", '../../evil', 'a#b', 'a?b', '%41', "\x{e9}", '"', "a\0b", '/') {
    sim()->next({ on => 'new_chat', body => { success => JSON::PP::true(), data => { id => $id } } });
    sim()->next({ on => 'completion', status => 200, content_type => 'text/event-stream', body => "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"ok\",\"phase\":\"answer\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"\",\"status\":\"finished\",\"phase\":\"answer\"}}]}\n\n" });
    api(POST => '/v1/chat/completions', {});
    sim()->control(DELETE => 'next');
    utf8::encode(my $shown = $id =~ s/[\r\n\0]/?/gr);
    my ($record) = grep { $_->{call} ne 'new_chat' } sim()->requests;
    if ($record) {
        is($record->{call}, 'completion', "'$shown' is a completion");
        is($record->{chat_id}, $id, "'$shown' arrives as it was");
        is_deeply([keys %{ $record->{query} }], ['chat_id'], "'$shown' is one argument");
        is($record->{headers}{'x-evil'}, undef, "'$shown' is no header");
    }
    is(scalar(grep { $_->{path} =~ /evil/ } sim()->requests), 0, "'$shown' is no other request");
    sim()->forget;
}



=== TEST 26: a new chat without a usable id is no chat
--- accounts: ann
--- http: qwen_cooldown failures=100;
--- after
for my $data ({}, { id => undef }, { id => '' }, { id => 5 }, { id => [] }, [], 'x', { id => 'x' x 100000 }) {
    sim()->next({ on => 'new_chat', body => { success => JSON::PP::true(), data => $data } });
    is(refusal(QwenTest::chat_body({})), '502 upstream_error upstream_protocol -', substr json()->encode($data), 0, 50);
}



=== TEST 27: control characters of a client's header are no matter
--- raw_request eval
"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer sk-user-5ecret\r\nContent-Type: application/json\r\nX-Odd: \x01\x7f\xff\r\nContent-Length: 66\r\n\r\n{\"model\":\"qwen3-max\",\"messages\":[{\"role\":\"user\",\"content\":\"hi!!\"}]}"
--- error_code_like: ^(?:200|400)$



=== TEST 28: a duplicate member is one or the other, and no harm
--- after
like(refusal('{"model":"qwen3-max","model":"qwen-turbo","messages":[{"role":"user","content":"a","content":"b"}],"messages":[{"role":"user","content":"c"}]}'), qr/^(?:200|400)/, 'an answer');
my ($record) = sim()->requests('completion');
is($record->{refused} // '', '', 'that the upstream takes') if $record;
