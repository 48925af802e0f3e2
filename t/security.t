# What must never cross the gateway, in either direction.

use lib 't/lib';
use QwenTest;
use Test::Nginx::Socket 'no_plan';

sub log_text { QwenTest::slurp("$ENV{TEST_NGINX_SERVROOT}/logs/error.log") }

run_tests();

__DATA__

=== TEST 1: no header of the client reaches the upstream
--- chat: {"stream": true}
--- more_headers
Authorization: Bearer sk-user-5ecret
Content-Type: application/json; charset=utf-8
Cookie: session=client-cookie
X-Forwarded-For: 192.0.2.1
X-Real-IP: 192.0.2.1
Forwarded: for=192.0.2.1
X-Custom: client-custom
User-Agent: client-agent
Referer: https://client.example/
Origin: https://client.example
Accept-Encoding: gzip, br
Accept: client/accept
Accept-Language: xx-client
X-Request-Id: client-id
Range: bytes=0-1
If-None-Match: "client-etag"
Expect-CT: client-ct
Via: 1.1 client-via
source: client-source
version: client-version
--- answers
200 "Simulated answer to: hi"
--- after
for my $record (sim()->requests) {
    my $headers = json()->encode($record->{raw_headers});
    unlike($headers, qr/client|192\.0\.2\.1|sk-user|gzip|bytes=/, "$record->{call}: nothing of the client");
    is_deeply([sort map { lc } keys %{ $record->{headers} }],
              [sort qw( accept authorization content-length content-type cookie host origin referer source user-agent version x-request-id ),
               exists $record->{headers}{timezone} ? 'timezone' : ()], "$record->{call}: the headers");
}



=== TEST 2: nor does x-api-key
--- chat: {}
--- more_headers
x-api-key: sk-user-5ecret
Content-Type: application/json
--- answers
200 "Simulated answer to: hi"
--- after
unlike(json()->encode([sim()->requests]), qr/sk-user/, 'no key');



=== TEST 3: nor do the client's arguments
--- request eval
QwenTest::chat_request({}) =~ s{completions}{completions?a=b&chat_id=evil&key=sk}r
--- error_code: 200
--- after
my ($new, $completion) = grep { $_->{call} ne 'models' } sim()->requests;
is_deeply($new->{query}, {}, 'none for the new chat');
is_deeply([keys %{ $completion->{query} }], ['chat_id'], 'one for the completion');
isnt($completion->{query}{chat_id}, 'evil', 'which is its own');



=== TEST 4: each request has an id of its own, and the account's token twice
--- chat: [{}, {}]
--- answers
200
200
--- after
my %id = map { $_->{headers}{'x-request-id'} => 1 } sim()->requests;
is(scalar keys %id, 4, 'four ids');
like($_, qr/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'a UUIDv4') for keys %id;
for my $record (sim()->requests) {
    my ($token) = $record->{headers}{authorization} =~ /^Bearer (eyJ\S+)$/;
    is($record->{headers}{cookie}, "token=$token", "$record->{call}: the cookie");
    is($record->{headers}{accept}, $record->{call} eq 'completion' ? 'text/event-stream' : 'application/json', "$record->{call}: accept");
}



=== TEST 5: a sign-in has a digest for a password, and no credentials in its headers
--- accounts: ann
--- unready
--- request
GET /v1/models
--- after
require Digest::SHA;
my ($record) = sim()->requests('signin');
is_deeply(QwenTest::body($record), { email => 'ann@example.com', password => Digest::SHA::sha256_hex('p-ann-5ecret') }, 'the body');
ok(!exists $record->{headers}{authorization} && !exists $record->{headers}{cookie}, 'the headers');



=== TEST 6: no header of the upstream reaches the client
--- next: {"text": "42", "headers": {"X-Evil": "yes", "Server": "evil", "X-Accel-Redirect": "/healthz", "X-Accel-Expires": "100", "X-Accel-Buffering": "yes", "X-Accel-Charset": "koi8-r", "X-Accel-Limit-Rate": "1", "Cache-Control": "public", "Set-Cookie": "evil=1", "Location": "https://evil.example/", "Refresh": "0", "Retry-After": "7", "ETag": "\"x\"", "Vary": "X", "Content-Language": "xx"}}
--- chat: {"stream": true}
--- raw_response_headers_unlike: (?i)evil|set-cookie|x-accel-(?!buffering: no)|public|location|refresh|retry-after|etag|vary|content-language
--- answers
200 "42"



=== TEST 7: nor do those of the other calls, nor those of an error
--- accounts: ann
--- sim: {"behaviours": [{"on": "any", "headers": {"X-Accel-Redirect": "/healthz", "Set-Cookie": "evil=1", "X-Evil": "yes", "WWW-Authenticate": "evil"}}]}
--- v1: qwen_attempts 1;
--- request eval
["GET /v1/models", QwenTest::chat_request({}), QwenTest::chat_request({ messages => [{ role => 'user', content => '[[sim:{"fault":"500"}]]' }] }), QwenTest::chat_request({ messages => [{ role => 'user', content => '[[sim:{"fault":"wall-html-403"}]]' }] })]
--- error_code eval
[200, 200, 502, 503]
--- raw_response_headers_unlike eval
[('(?i)evil|set-cookie|x-accel|www-auth') x 4]



=== TEST 8: a Set-Cookie of the upstream is not sent back to it
--- chat: [{}, {}, {}]
--- answers
200
200
200
--- after
for my $record (sim()->requests) {
    like($record->{headers}{cookie}, qr/^token=eyJ[\w.-]+$/, "$record->{call}: nothing but the token");
}



=== TEST 9: X-Accel-Redirect leads nowhere, even where it is not ignored
--- http_config eval
QwenTest::http_config('ann')
--- config eval
(QwenTest::server_config('qwen_attempts 1;') =~ s/proxy_ignore_headers[^;]*;//r) . 'location = /secret { internal; return 200 "the-inner-secret"; }'
--- sim: {"behaviours": [{"on": ["completion", "new_chat"], "headers": {"X-Accel-Redirect": "/secret"}}]}
--- chat: {}
--- error_code_like: ^(?:200|5\d\d)$
--- response_body_unlike: the-inner-secret



=== TEST 10: locations of the gateway's own are not reached from outside
--- request eval
["GET /.qwen/web/api/models", "POST /.qwen/web/api/v2/chats/new\n{}", "GET /.qwen/error", "GET /.qwen/web/", "GET /%2Eqwen/web/api/models", "GET /v1/../.qwen/web/api/models", "GET //.qwen/web/api/models"]
--- error_code eval
[(404) x 7]
--- after
is(scalar sim()->requests, 0, 'nothing reached the upstream');



=== TEST 11: words of the upstream's error are not the client's
--- accounts: ann
--- sim: {"behaviours": [{"on": "signin", "status": 400, "body": {"detail": "password p-ann-5ecret of ann@example.com is wrong"}}]}
--- unready
--- chat: {}
--- error_code: 503
--- response_body_unlike: password|ann@|5ecret
--- no_error_log
password p-



=== TEST 12: no secret is logged when the upstream breaks off, is slow or is not there
--- v1: qwen_retry_delay 10ms; qwen_timeout 2s;
--- http: qwen_cooldown failures=1000;
--- after
for my $on (qw( new_chat completion )) {
    for my $fault ('reset', 'wall-html-403', '500', 'unauthorized-401', 'empty-body', 'cut') {
        sim()->next({ on => $on, fault => $fault, times => 3 });
        api(POST => '/v1/chat/completions', {}, Cookie => 'session=cookie-5ecret');
    }
}
sim()->next({ on => 'completion', fault => 'time-out', times => 3 });
api(POST => '/v1/chat/completions', {});
ok(CORE::length log_text(), 'there is a log');



=== TEST 13: no text of a chat is logged
--- accounts: ann
--- next: {"text": ["the-answer-x", "y"], "fault": "cut", "after": 1}
--- chat: {"messages": [{"role": "user", "content": "the-question-x"}], "stream": true}
--- error_code: 200
--- no_error_log
the-answer-x
the-question-x
--- after
unlike(log_text(), qr/chat_id=\S*eyJ/, 'nor a token in a URL');



=== TEST 14: a line break in what a client says makes no line of a log
--- http: log_format model escape=json '{"model":"$qwen_model"}';
--- server: access_log logs/access.log model;
--- sim: {"model_check": "off"}
--- chat eval
{ model => "a\"b\\c\x{2028}d" }
--- error_code: 200
--- access_log eval
qr/^\{"model":"a\\"b\\\\c[^"]*d"\}$/



=== TEST 15: text of an upstream's error in a log is one line
--- accounts: ann
--- next: {"on": "new_chat", "body": {"success": false, "data": {"code": "Evil\n2026/01/01 00:00:00 [alert] forged"}}}
--- chat: {}
--- error_code: 502
--- no_error_log
forged



=== TEST 16: a token cannot make another header
--- accounts: ann
--- unready
--- sim: {"behaviours": [{"on": "signin", "body": {"token": "eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDB9.x\r\nX-Evil: yes"}}]}
--- v1: qwen_timeout 1s;
--- chat: {}
--- error_code_like: ^5\d\d$
--- after
is(scalar(grep { json()->encode($_->{raw_headers}) =~ /Evil/ } sim()->requests), 0, 'no such header');



=== TEST 17: an answer of another origin's script carries no permission for credentials
--- request
GET /v1/models
--- more_headers
Authorization: Bearer sk-user-5ecret
Origin: https://evil.example
--- raw_response_headers_unlike: (?i)access-control-allow-credentials
--- error_code: 200



=== TEST 18: what an upstream cut off is not sent to the next client
--- accounts: ann
--- next: {"text": ["said-to-another"], "created": false, "finish": false, "usage": "none", "tail": "none"}
--- v1: qwen_attempts 1;
--- chat: [{"stream": true}, {"stream": true}, {}]
--- answers
502 upstream_error upstream_unavailable
200 "Simulated answer to: hi"
200 "Simulated answer to: hi"



=== TEST 19: a condition of the client does not apply to an answer that is made for it
--- chat: [{"stream": true}, {}]
--- more_headers
Authorization: Bearer sk-user-5ecret
Content-Type: application/json
If-Match: "x"
If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT
--- answers
200 "Simulated answer to: hi"
200 "Simulated answer to: hi"



=== TEST 20: the body of a preflight is no second request
--- raw_request eval
"OPTIONS /v1/models HTTP/1.1\r
Host: localhost\r
Connection: close\r
Content-Length: 40\r
\r
GET /healthz HTTP/1.1\r
Host: localhost\r
\r
"
--- error_code: 204
--- response_body_unlike: HTTP/1\.1 200



=== TEST 21: refused requests of one client do not let all accounts rest
--- accounts: ann bob cyd
--- sim: {"behaviours": []}
--- after
sim()->next([map { { on => 'completion', fault => 'bad-request-internal' } } 1 .. 9]);
api(POST => '/v1/chat/completions', {}) for 1 .. 3;
is(api(POST => '/v1/chat/completions', {}), 200, 'another request is served');

