# Keys, what a browser needs, and what variables and other modules know.

use lib 't/lib';
use QwenTest;
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== TEST 1: a key comes as a bearer, bare, or as x-api-key
--- request eval
[('GET /v1/models') x 7]
--- more_headers eval
["Authorization: Bearer sk-user-5ecret", "Authorization: bearer sk-admin-5ecret", "Authorization: sk-user-5ecret", "x-api-key: sk-user-5ecret",
 "X-API-Key: sk-admin-5ecret", "Authorization: Bearer   sk-user-5ecret", "Authorization: Bearer wrong\r\nx-api-key: sk-user-5ecret"]
--- error_code eval
[(200) x 7]



=== TEST 2: without a right key there is a 401
--- request eval
[('GET /v1/models') x 11]
--- more_headers eval
["X: y", "Authorization: Bearer wrong", "Authorization: wrong", "x-api-key: wrong", "Authorization: Bearer", "Authorization: Bearer ", "Authorization:",
 "Authorization: Basic c2stdXNlci01ZWNyZXQ=", "Authorization: Bearer sk-user-5ecre", "Authorization: Bearer sk-user-5ecretx", "Authorization: Bearer admin"]
--- answers eval
CORE::join "\n", ('401 invalid_request_error invalid_api_key -') x 11
--- response_headers eval
[("WWW-Authenticate: Bearer\r\nAccess-Control-Allow-Origin: *\r\nContent-Type: application/json") x 11]



=== TEST 3: neither a key in the query nor in a cookie counts
--- request
GET /v1/models?key=sk-user&api_key=sk-user
--- more_headers
Cookie: token=sk-user; Authorization=sk-user
--- answers
401 invalid_request_error invalid_api_key



=== TEST 4: every route of the API wants a key
--- request eval
["POST /v1/chat/completions\n{}", "GET /v1/models/qwen3-max", "GET /v1/none", "DELETE /v1/models"]
--- more_headers
--- answers
401 invalid_request_error invalid_api_key
401 invalid_request_error invalid_api_key
401 invalid_request_error invalid_api_key
401 invalid_request_error invalid_api_key



=== TEST 5: what is open wants none
--- request eval
["GET /models", "GET /healthz", "GET /readyz"]
--- more_headers
--- error_code eval
[200, 200, 200]



=== TEST 6: a refusal does not wait for the body
--- after
my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => port());
print $socket "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer wrong\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{";
my $answer = '';
local $SIG{ALRM} = sub { die 'no answer' };
alarm 5;
sysread $socket, $answer, 4096, CORE::length $answer while $answer !~ /\}\}$/;
alarm 0;
like($answer, qr/^HTTP\/1\.1 401 .*"code":"invalid_api_key"\}\}$/s, 'the answer');



=== TEST 7: a connection goes on behind a refusal with a small body
--- pipelined_requests eval
["POST /v1/chat/completions\n{}", "GET /healthz"]
--- more_headers
X: y
--- error_code eval
[401, 200]



=== TEST 8: a preflight needs no key
--- request eval
["OPTIONS /v1/chat/completions", "OPTIONS /v1/models", "OPTIONS /models"]
--- more_headers
Origin: https://app.example
Access-Control-Request-Method: POST
Access-Control-Request-Headers: authorization, content-type, x-stainless-lang
--- error_code eval
[204, 204, 204]
--- response_headers eval
[("Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: GET, POST, OPTIONS\r\nAccess-Control-Allow-Headers: Authorization, *\r\nAccess-Control-Max-Age: 86400") x 3]



=== TEST 9: answers of all kinds can be read by a script of another origin
--- request eval
["GET /v1/models", "GET /models", "GET /v1/none", QwenTest::chat_request({}), QwenTest::chat_request({ stream => JSON::PP::true() }), "POST /v1/chat/completions\n{"]
--- error_code eval
[200, 200, 404, 200, 200, 400]
--- response_headers eval
[("Access-Control-Allow-Origin: *") x 6]



=== TEST 10: qwen_allow_origin names the origin
--- server: qwen_allow_origin https://app.example;
--- request eval
["GET /v1/models", "OPTIONS /v1/models", QwenTest::chat_request({ stream => JSON::PP::true() })]
--- error_code eval
[200, 204, 200]
--- response_headers eval
[("Access-Control-Allow-Origin: https://app.example\r\nVary: Origin") x 3]



=== TEST 11: qwen_allow_origin off lets no other origin in
--- server: qwen_allow_origin off;
--- request eval
["GET /v1/models", "OPTIONS /v1/models", QwenTest::chat_request({ stream => JSON::PP::true() })]
--- error_code eval
[200, 204, 200]
--- response_headers eval
[("!Access-Control-Allow-Origin") x 3]



=== TEST 12: a key has its name, or one made of its digest
--- http
qwen_key sk-unnamed-5ecret;
log_format key "key: $qwen_key";
--- server: access_log logs/access.log key;
--- request eval
[('GET /v1/models') x 4]
--- more_headers eval
["x-api-key: sk-admin-5ecret", "x-api-key: sk-user-5ecret", "x-api-key: sk-unnamed-5ecret", "x-api-key: wrong"]
--- error_code eval
[200, 200, 200, 401]
--- after
my $log = QwenTest::slurp("$ENV{TEST_NGINX_SERVROOT}/logs/access.log");
require Digest::SHA;
my $digest = substr Digest::SHA::sha256_hex('sk-unnamed-5ecret'), 0, 8;
like($log, qr/^key: admin\nkey: user\nkey: key-$digest\nkey: -\n\z/m, 'the names');



=== TEST 13: a map of $qwen_key drives limit_req
--- http
map $qwen_key $limited { admin ""; default $qwen_key; }
limit_req_zone $limited zone=keys:1m rate=1r/m;
--- v1: limit_req zone=keys; limit_req_status 429;
--- request eval
[('GET /v1/models') x 4]
--- more_headers eval
["x-api-key: sk-user-5ecret", "x-api-key: sk-user-5ecret", "x-api-key: sk-admin-5ecret", "x-api-key: sk-admin-5ecret"]
--- error_code eval
[200, 429, 200, 200]



=== TEST 14: $qwen_key drives limit_conn
--- http: limit_conn_zone $qwen_key zone=conns:1m;
--- v1: limit_conn conns 1; limit_conn_status 429;
--- next: {"text": ["one", "two"], "stall": {"after": 1, "ms": 1500}}
--- after
my $body = QwenTest::chat_body({ stream => JSON::PP::true() });
my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => port());
print $socket "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sk-user-5ecret\r\nContent-Type: application/json\r\nContent-Length: " . CORE::length($body) . "\r\n\r\n$body";
sysread $socket, my $first, 4096;
my ($status, $text) = api(GET => '/v1/models');
is($status, 429, 'the same key has to wait');
is(answer($text)->{error}{type}, 'rate_limit_error', 'as the API says it');
is(api(GET => '/v1/models', undef, Authorization => 'Bearer sk-admin-5ecret'), 200, 'another key has not');



=== TEST 15: a log tells all of a chat
--- http: log_format chat '$qwen_key|$qwen_account|$qwen_model|$qwen_chat_type|$qwen_attempts|$qwen_error|$qwen_first_token_time|$qwen_prompt_tokens|$qwen_completion_tokens|$qwen_usage_source|$qwen_upstream_status|$status';
--- server: access_log logs/access.log chat;
--- accounts: ann
--- next: {"text": "42", "delay": 50, "usage": {"input_tokens": 3, "output_tokens": 5}}
--- chat: {"model": "qwen3-max-search", "stream": true}
--- answers
200
--- access_log eval
qr/^user\|a\*\*\*\@example\.com\|qwen3-max-search\|search\|1\|-\|0\.(?:0[5-9]|[1-9]\d)\d\|3\|5\|upstream\|200\|200$/



=== TEST 16: a log tells why a chat failed
--- http: log_format chat '$qwen_account|$qwen_attempts|$qwen_error|$qwen_first_token_time|$qwen_usage_source|$qwen_upstream_status|$status';
--- server: access_log logs/access.log chat;
--- v1: qwen_retry_delay 10ms;
--- next: {"fault": "wall-html-403", "times": 2}
--- chat: {}
--- answers
503 upstream_error upstream_challenged
--- access_log eval
qr/^\w\*\*\*\@example\.com\|2\|challenged\|-\|-\|403\|503$/



=== TEST 17: a log tells that a stream broke off
--- http: log_format chat '$qwen_attempts|$qwen_error|$status';
--- server: access_log logs/access.log chat;
--- next: {"text": ["one ", "two "], "fault": "cut", "after": 2}
--- chat: {"stream": true}
--- answers
200 "one two " broken upstream_error upstream_incomplete
--- access_log eval
qr/^1\|incomplete\|200$/



=== TEST 18: variables are empty where there is no chat
--- http: log_format chat 'v:$qwen_account$qwen_model$qwen_chat_type$qwen_attempts$qwen_error$qwen_first_token_time$qwen_prompt_tokens$qwen_completion_tokens$qwen_usage_source$qwen_upstream_status:v';
--- server: access_log logs/access.log chat;
--- request
GET /index.html
--- access_log eval
qr/^v:-{10}:v$/



=== TEST 19: a failure is logged with a masked account
--- accounts: annabelle bob
--- v1: qwen_retry_delay 10ms;
--- next: {"fault": "500", "times": 2}
--- chat: {}
--- answers
502 upstream_error upstream_unavailable
--- error_log
account "an***@example.com" failed: outage, upstream status 500
account "b***@example.com" failed: outage, upstream status 500
--- no_error_log
annabelle



=== TEST 20: no key of a request that was refused is logged
--- request
GET /v1/models
--- more_headers
Authorization: Bearer almost-right-5ecret
--- error_code: 401



=== TEST 21: a location of its own name has the same routes
--- server: location /openai/v9 { qwen_api openai; error_page 413 /.qwen/error; }
--- request eval
["GET /openai/v9/models/qwen3-max", QwenTest::chat_request({}) =~ s{/v1/}{/openai/v9/}r, "GET /openai/v9"]
--- error_code eval
[200, 200, 404]



=== TEST 22: the log tells a stream that was left, one that was cut and one that was filtered
--- http: log_format chat '$qwen_error|$qwen_upstream_status|$qwen_usage_source|$qwen_completion_tokens|$status';
--- v1: access_log logs/chat.log chat;
--- after
my $log = sub { QwenTest::slurp("$ENV{TEST_NGINX_SERVROOT}/logs/chat.log") };
sim()->next({ text => ['eightbts', 'more'], usage => 'none', stall => { after => 1, ms => 60000 } });
my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . QwenTest::port());
my $body = QwenTest::chat_body({ stream => JSON::PP::true() });
print $socket "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer $QwenTest::Key{user}\r\nContent-Type: application/json\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
my $data = '';
sysread $socket, $data, 4096, length $data or last while $data !~ /eightbts/;
close $socket;
ok(poll { $log->() =~ /^aborted\|200\|estimated\|2\|200$/m }, 'left');
sim()->next({ text => ['one', 'two'], fault => 'cut', after => 1 });
api(POST => '/v1/chat/completions', { stream => JSON::PP::true() });
ok(poll { $log->() =~ /^incomplete\|200\|\w+\|\d+\|200$/m }, 'cut');
sim()->next({ text => ['one', 'two'], fault => 'content-filter', after => 1 });
api(POST => '/v1/chat/completions', { stream => JSON::PP::true() });
ok(poll { $log->() =~ /^content_filter\|200\|\w+\|\d+\|200$/m }, 'filtered');
