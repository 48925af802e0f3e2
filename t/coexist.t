# The module beside other modules: it changes nothing of theirs, and they may
# be used for its locations.

use lib 't/lib';
use QwenTest;
use Test::Nginx::Socket 'no_plan';
use Compress::Zlib;
use Time::HiRes qw( time );

run_tests();

__DATA__

=== TEST 1: loaded and unused it changes nothing
--- unready
--- http_config
map $arg_x $mapped { default "-$arg_x-"; }
--- config
location /text { default_type text/plain; return 200 "text $mapped\n"; }
location /sub { sub_filter It That; sub_filter_types *; alias html/; index index.html; }
location /ssi/ { ssi on; alias html/; }
--- user_files
>>> page.html
<!--# include virtual="/text?x=1" -->end
--- request eval
["GET /text?x=5", "GET /ssi/page.html", "GET /index.html", "GET /none"]
--- error_code eval
[200, 200, 200, 404]
--- response_body eval
["text -5-\n", "text -1-\nend\n", "<html><head><title>It works!</title></head><body>It works!</body></html>", qr/404 Not Found/]
--- response_headers eval
[("!Access-Control-Allow-Origin\r\n!X-Accel-Buffering") x 4]



=== TEST 2: a static file is what it was
--- request
GET /index.html
--- response_body chomp
<html><head><title>It works!</title></head><body>It works!</body></html>
--- response_headers
! Access-Control-Allow-Origin
Content-Type: text/html
Accept-Ranges: bytes



=== TEST 3: a range of a static file is one
--- request
GET /index.html
--- more_headers
Range: bytes=6-10
--- error_code: 206
--- response_body chomp
<head



=== TEST 4: an error of another location is nginx's own
--- request
GET /none.html
--- error_code: 404
--- response_body_like: <title>404 Not Found</title>



=== TEST 5: proxy_pass passes on what comes, and to the same upstream
--- server: location /up/ { proxy_pass http://qwen_web/; proxy_set_header X-Test yes; }
--- request
GET /up/api/v1/auths/?a=b
--- more_headers
Authorization: Bearer wrong
Cookie: a=b
--- error_code: 401
--- response_headers_like
Set-Cookie: .+
--- after
my ($record) = grep { $_->{call} eq 'token' } sim()->requests;
is("$record->{headers}{cookie} $record->{headers}{'x-test'} $record->{query}{a}", 'a=b yes b', 'all of it');



=== TEST 6: an event stream of another upstream goes through untouched
--- server: location /up/ { proxy_pass http://qwen_web/; proxy_buffering off; }
--- after
my $http = HTTP::Tiny->new;
my $res = $http->post('http://127.0.0.1:' . port() . '/up/api/v1/auths/signin', { headers => { 'Content-Type' => 'application/json', 'X-Sim' => '{"on":"any","status":200,"content_type":"text/event-stream","body":"data: {\"choices\":[]}\n\ndata: as it is\n\n"}' }, content => json()->encode({ email => 'x@example.com', password => 'a' x 64 }) });
is("$res->{status} $res->{content}", "200 data: {\"choices\":[]}\n\ndata: as it is\n\n", 'the stream');



=== TEST 7: gzip packs a static file and a list of models
--- http: gzip on; gzip_min_length 1; gzip_types *;
--- after
for my $path ('/index.html', '/v1/models') {
    my (undef, $plain) = api(GET => $path);
    my (undef, $packed, $headers) = api(GET => $path, undef, 'Accept-Encoding' => 'gzip');
    is($headers->{'content-encoding'}, 'gzip', "$path: the header");
    ok(Compress::Zlib::memGunzip($packed) eq $plain, "$path: the body");
}



=== TEST 8: gzip packs a stream as it comes
--- http: gzip on; gzip_min_length 1; gzip_types text/event-stream;
--- after
my $body = QwenTest::chat_body({ stream => JSON::PP::true(), messages => [{ role => 'user', content => '[[sim:{"text":["one","two"],"stall":{"after":1,"ms":1500}}]]' }] });
my $start = time;
my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => port());
print $socket "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept-Encoding: gzip\r\nx-api-key: sk-user-5ecret\r\nContent-Type: application/json\r\nContent-Length: " . CORE::length($body) . "\r\n\r\n$body";
my ($data, $first) = ('');
while (sysread $socket, $data, 65536, CORE::length $data) {
    $first //= time - $start if $data =~ /\r\n\r\n.{60}/s;
}
like($data, qr/^Content-Encoding: gzip\r$/m, 'it is packed');
cmp_ok($first, '<', 1.4, 'the first text comes at once');
my $plain = QwenTest::Answer::dechunk((split /\r\n\r\n/, $data, 2)[1]);
my $text = Compress::Zlib::memGunzip($plain) // '';
my $answer = answer($text);
is("$answer->{text} @{$answer->{wrong}}", 'onetwo ', 'and whole');



=== TEST 9: sub_filter works on an answer of the API
--- v1: sub_filter Simulated Substituted; sub_filter_types *; sub_filter_once off;
--- chat: {}
--- answers
200 "Substituted answer to: hi"



=== TEST 10: add_header adds to answers of the API
--- v1: add_header X-Gateway yes always;
--- request eval
["GET /v1/models", "GET /v1/none", QwenTest::chat_request({ stream => JSON::PP::true() })]
--- error_code eval
[200, 404, 200]
--- response_headers eval
[("X-Gateway: yes") x 3]



=== TEST 11: limit_req by the client's address stands before the API
--- http: limit_req_zone $binary_remote_addr zone=clients:1m rate=1r/m;
--- v1: limit_req zone=clients burst=1 nodelay; limit_req_status 429;
--- request eval
[("GET /v1/models") x 3]
--- error_code eval
[200, 200, 429]



=== TEST 12: auth_request stands before a chat
--- v1: auth_request /check;
--- server: location = /check { internal; if ($http_x_let = in) { return 204; } return 403; }
--- request eval
[(QwenTest::chat_request({ stream => JSON::PP::true() })) x 2]
--- more_headers eval
["x-api-key: sk-user-5ecret\r\nContent-Type: application/json\r\nX-Let: in", "x-api-key: sk-user-5ecret\r\nContent-Type: application/json"]
--- answers
200 "Simulated answer to: hi"
403



=== TEST 13: auth_request asks an upstream before a chat, and the body is there
--- v1: auth_request /check;
--- server: location = /check { internal; proxy_pass http://qwen_web/_sim/settings; proxy_pass_request_body off; proxy_set_header Content-Length ""; }
--- chat: [{}, {"stream": true}]
--- answers
200 "Simulated answer to: hi"
200 "Simulated answer to: hi"



=== TEST 14: the API's keys guard another location by auth_request
--- server
location /guarded { auth_request /v1/models; try_files /index.html =404; }
--- request eval
["GET /guarded", "GET /guarded"]
--- more_headers eval
["x-api-key: sk-user-5ecret", "x-api-key: wrong"]
--- error_code eval
[200, 401]
--- response_body_like eval
["It works!", "."]



=== TEST 15: a page of SSI includes what the API says, and what stands around it
--- server: location /ssi/ { ssi on; alias html/; }
--- user_files
>>> page.html
begin <!--# include virtual="/healthz" --> middle <!--# include virtual="/v1/models/qwq-32b" --> more <!--# include virtual="/readyz" --> end
--- request
GET /ssi/page.html
--- response_body_like: ^begin \{"status":"ok"\} middle \{"id":"qwq-32b",.*\} more \{"status":"ready"\} end



=== TEST 16: SSI on the API's own locations leaves answers as they are
--- v1: ssi on; ssi_types *;
--- next: {"text": "<!--# echo var=\"request_uri\" -->"}
--- chat: {"stream": true}
--- error_code: 200
--- response_body_like: "finish_reason":"stop"



=== TEST 17: a mirror gets a copy of a chat, and the client its answer
--- v1: mirror /mirror;
--- server: location = /mirror { internal; proxy_pass http://qwen_web/_sim/none; }
--- chat: [{}, {"stream": true}]
--- answers
200 "Simulated answer to: hi"
200 "Simulated answer to: hi"



=== TEST 18: a location that is mirrored to the API serves as before
--- server
location /mirrored/ { mirror /v1/models; alias html/; }
--- request
GET /mirrored/index.html
--- response_body_like: It works!



=== TEST 19: subrequests of a chat are not logged by themselves, unless it is wanted
--- http: log_format short '$uri';
--- server: access_log logs/access.log short;
--- chat: {}
--- answers
200
--- after
my @lines = grep { m{^/} && !m{^/models} } split /\n/, QwenTest::slurp("$ENV{TEST_NGINX_SERVROOT}/logs/access.log");
is("@lines", '/v1/chat/completions', 'one line');



=== TEST 20: with log_subrequest they are, and the variables are those of the chat
--- http: log_format short '$uri $qwen_key $qwen_model';
--- server: access_log logs/access.log short; log_subrequest on;
--- chat: {}
--- answers
200
--- after
my @lines = grep { m{^/} && !m{^/models|signin|/api/models} } split /\n/, QwenTest::slurp("$ENV{TEST_NGINX_SERVROOT}/logs/access.log");
is(CORE::join('|', sort @lines), CORE::join('|', sort '/.qwen/web/api/v2/chats/new user qwen3-max', '/.qwen/web/api/v2/chat/completions user qwen3-max', '/v1/chat/completions user qwen3-max'), 'three lines');



=== TEST 21: satisfy, allow and deny stand before the API
--- v1: deny all;
--- request
GET /v1/models
--- error_code: 403



=== TEST 22: an internal redirect leads to the API
--- server
location = /alias { rewrite ^ /v1/models/qwq-32b last; }
location = /named { error_page 418 = @named; return 418; }
location @named { rewrite ^ /v1/models/qwq-32b break; proxy_pass http://127.0.0.1:$server_port; proxy_set_header x-api-key sk-user-5ecret; }
--- request eval
["GET /alias", "GET /named"]
--- response_body_like eval
[('^\{"id":"qwq-32b"') x 2]



=== TEST 23: try_files leads to the API
--- server: location /try { try_files /none.html /v1/models/qwq-32b; }
--- request
GET /try
--- response_body_like: ^\{"id":"qwq-32b"



=== TEST 24: keep-alive connections carry chats and files in turn
--- pipelined_requests eval
[QwenTest::chat_request({}), "GET /index.html", QwenTest::chat_request({ stream => JSON::PP::true() }), "GET /v1/models/qwq-32b", "POST /v1/chat/completions\n{", QwenTest::chat_request({})]
--- error_code eval
[200, 200, 200, 200, 400, 200]



=== TEST 25: HTTP/1.0 gets its stream, ended by the connection
--- raw_request eval
my $body = QwenTest::chat_body({ stream => JSON::PP::true() });
"POST /v1/chat/completions HTTP/1.0\r\nx-api-key: sk-user-5ecret\r\nContent-Type: application/json\r\nContent-Length: " . CORE::length($body) . "\r\n\r\n$body"
--- answers
200 "Simulated answer to: hi"



=== TEST 26: postpone_output and small buffers delay nothing of a stream
--- http: postpone_output 1460; output_buffers 1 1k;
--- chat: {"stream": true}
--- answers
200 "Simulated answer to: hi"



=== TEST 27: proxy_buffering and proxy_cache of a server do not touch the calls
--- http: proxy_cache_path cache levels=1 keys_zone=cache:1m;
--- server: proxy_cache cache; proxy_cache_valid any 1h; proxy_cache_methods GET HEAD POST;
--- chat: [{"messages": [{"role": "user", "content": "one"}]}, {"messages": [{"role": "user", "content": "two"}]}]
--- answers
200 "Simulated answer to: one"
200 "Simulated answer to: two"



=== TEST 26: the copy that a mirror gets is whole, however large the chat is
--- v1: mirror /mirror; client_body_buffer_size 2m; qwen_max_upstream_body off;
--- server: location = /mirror { internal; proxy_pass http://qwen_web/mirrored; }
--- after
for my $size (100, 5000, 60000, 1500000) {
    sim()->forget;
    sim()->set({ max_body => undef });
    my $body = QwenTest::chat_body({ messages => [{ role => 'user', content => 'x' x $size }] });
    is(api(POST => '/v1/chat/completions', $body), 200, "$size: served");
    ok(poll { grep { $_->{path} eq '/mirrored' && $_->{bytes} == length $body } sim()->requests }, "$size: mirrored");
}



=== TEST 27: a location that would take the calls does not get them
--- unready
--- server: location ^~ /.qwen/web/api/ { proxy_pass http://qwen_web/stolen/; }
--- request
GET /readyz
--- error_code: 503
--- after
ok(poll { QwenTest::slurp("$ENV{TEST_NGINX_SERVROOT}/logs/error.log") =~ m{location "/\.qwen/web/api/" takes the calls that location "/\.qwen/web/" with "qwen_upstream" is for} }, 'the log tells it');
is(scalar sim()->requests, 0, 'nothing was sent');



=== TEST 28: a location of an expression does not get the calls
--- server: location ~ /api/ { return 404; }
--- chat: {}
--- answers
200 "Simulated answer to: hi"



=== TEST 29: limit_except leaves the API what it is
--- v1: limit_except GET { allow 127.0.0.1; deny all; }
--- chat: {}
--- answers
200 "Simulated answer to: hi"
--- after
is(api(POST => '/v1/chat/completions', {}, Authorization => 'Bearer sk-none'), 401, 'with its keys');



=== TEST 30: post_action does not get the steps of a chat that was left
--- v1: qwen_retry_delay 300ms; post_action /after;
--- server: location = /after { proxy_pass http://127.0.0.1:$http_x_after; }
--- after
my $silent = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1');
sim()->next({ fault => '500' });
my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . QwenTest::port());
my $body = QwenTest::chat_body({});
print $socket "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nX-After: " . $silent->sockport . "\r\nAuthorization: Bearer $QwenTest::Key{user}\r\nContent-Type: application/json\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
ok(poll { grep { $_->{call} eq 'completion' && $_->{ended} } sim()->requests }, 'the first attempt fails');
close $socket;
ok(my $after = $silent->accept, 'the client has left');
select undef, undef, undef, 0.8;
is(scalar sim()->requests('completion'), 1, 'there is no second');
is(api(POST => '/v1/chat/completions', {}), 200, 'chats go on');
