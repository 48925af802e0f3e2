# The rows of the upstream's errors: what the client gets, and what the account
# does then.  "failures=1" makes one failure of an account visible in /readyz.

use lib 't/lib';
use QwenTest;
use Test::Nginx::Socket 'no_plan';

# fault of a completion; what the only account's client gets; what becomes of
# the account (resting, signed_out, blamed, ready); Retry-After

my @rows = (
    ['{"fault": "rate-limited-429"}',
     '429 rate_limit_error rate_limit_exceeded', 'resting', 3600],
    ['{"fault": "rate-limited-200", "hours": 2}',
     '429 rate_limit_error rate_limit_exceeded', 'resting', 7200],
    ['{"fault": "rate-limited-200", "hours": null}',
     '429 rate_limit_error rate_limit_exceeded', 'resting', 3600],
    ['{"fault": "rate-limited-200", "as": "sse"}',
     '429 rate_limit_error rate_limit_exceeded', 'resting', 7200],
    ['{"fault": "quota"}',
     '429 rate_limit_error insufficient_quota', 'resting', 3600],
    ['{"fault": "quota", "as": "json"}',
     '429 rate_limit_error insufficient_quota', 'resting', 3600],
    ['{"fault": "bad-request-internal"}',
     '502 upstream_error upstream_refused', 'blamed'],
    ['{"fault": "content-filter"}',
     '400 invalid_request_error content_filter', 'ready'],
    ['{"fault": "content-filter", "as": "json"}',
     '400 invalid_request_error content_filter', 'ready'],
    ['{"fault": "content-filter-flag"}',
     '400 invalid_request_error content_filter', 'ready'],
    ['{"fault": "content-filter-flag", "as": "json", "status": 400}',
     '400 invalid_request_error content_filter', 'ready'],
    ['{"fault": "challenge-ret"}',
     '503 upstream_error upstream_challenged', 'resting'],
    ['{"fault": "challenge-ret", "as": "sse"}',
     '503 upstream_error upstream_challenged', 'resting'],
    ['{"fault": "wall-html-200"}',
     '503 upstream_error upstream_challenged', 'resting'],
    ['{"fault": "wall-html-403"}',
     '503 upstream_error upstream_challenged', 'resting'],
    ['{"fault": "wall-html-200", "content_type": "application/json"}',
     '503 upstream_error upstream_challenged', 'resting'],
    ['{"fault": "500"}', '502 upstream_error upstream_unavailable', 'blamed'],
    ['{"fault": "502"}', '502 upstream_error upstream_unavailable', 'blamed'],
    ['{"fault": "503", "retry_after": 5}',
     '502 upstream_error upstream_unavailable', 'blamed'],
    ['{"fault": "internal-error"}',
     '502 upstream_error upstream_unavailable', 'blamed'],
    ['{"fault": "reset"}', '502 upstream_error upstream_unavailable', 'blamed'],
    ['{"fault": "reset", "after": 0}', '502 upstream_error \S+', 'blamed'],
    ['{"fault": "cut", "after": 0}', '502 upstream_error \S+', 'blamed'],
    ['{"fault": "time-out"}', '504 upstream_error upstream_timeout', 'blamed'],
    ['{"fault": "time-out", "after": 0}',
     '504 upstream_error upstream_timeout', 'blamed'],
    ['{"fault": "empty-body"}', '502 upstream_error upstream_empty', 'blamed'],
    ['{"fault": "empty-body", "content_type": "text/event-stream"}',
     '502 upstream_error upstream_empty', 'blamed'],
    ['{"fault": "no-delta"}', '502 upstream_error upstream_empty', 'blamed'],
    ['{"text": ""}', '502 upstream_error upstream_empty', 'blamed'],
    ['{"status": 200, "content_type": "application/json", "body": {"success": false}}',
     '502 upstream_error upstream_protocol', 'blamed'],
    ['{"status": 200, "content_type": "application/json", "body": "{}"}',
     '502 upstream_error upstream_protocol', 'blamed'],
    ['{"status": 200, "content_type": "text/plain", "body": "what?"}',
     '502 upstream_error upstream_protocol', 'blamed'],
    ['{"status": 302, "headers": {"Location": "https://login.example/"}, "content_type": "text/html", "body": "<html>moved</html>"}',
     '503 upstream_error upstream_challenged', 'resting'],
    ['{"status": 418, "content_type": "application/json", "body": {"detail": "teapot"}}',
     '502 upstream_error \S+', 'blamed'],
    ['{"hostile": ["invalid-escape"], "text": ""}',
     '502 upstream_error \S+', 'blamed'],
    ['{"frames": ["{\"choices\":[{\"delta\":"]}',
     '502 upstream_error \S+', 'blamed'],
);

my %after = (
    resting => 503, blamed => 503, ready => 200,
);

my $n = 0;
my $spec = '';

for my $row (@rows) {
    my ($fault, $answer, $state, $retry_after) = @$row;
    my ($status, $type, $code) = split ' ', $answer;

    # each client takes one of the accounts; faults of the account alone move
    # the first one on to the other

    my $second = $code eq 'insufficient_quota' ? 'rate_limit_exceeded' : $code;

    $n++;
    $spec .= <<"END";
=== TEST $n: with $fault clients get $status, and the account is $state
--- http: qwen_cooldown failures=1;
--- v1: qwen_timeout 1s; qwen_attempts 1;
--- next: {"times": 4, @{[ substr $fault, 1 ]}
--- chat: [{"stream": true}, {"stream": false}]
--- error_code eval
[$status, $status]
--- response_body_like eval
[map { '^\\{"error":\\{"message":"[^"]+","type":"$type","param":null,"code":"' . \$_ . '"\\}\\}\$' } '$code', '$second']
--- response_headers eval
["Content-Type: application/json\r\nAccess-Control-Allow-Origin: *", "@{[ $retry_after ? "Retry-After: $retry_after" : '!Retry-After' ]}"]
--- after: is(api(GET => '/readyz'), $after{$state}, 'readyz');



END

    next if $state eq 'ready' || $fault =~ /time-out/;

    # a kept connection that breaks is tried again first

    my $again = $fault eq '{"fault": "reset"}';
    my $times = $again ? 2 : 1;

    $n++;
    $spec .= <<"END";
=== TEST $n: with $fault of one account the other answers
--- v1: qwen_retry_delay 10ms;
--- next: {"times": $times, @{[ substr $fault, 1 ]}
--- chat: {"stream": true}
--- answers
200 "Simulated answer to: hi"
--- calls: new_chat:A completion:A @{[ $again && 'completion:A' ]} new_chat:B completion:B



END

    next if $fault !~ /^\{"fault": "[a-z0-9-]+"\}$/
            || $fault =~ /no-delta|internal-error|"quota"/;

    $n++;
    $spec .= <<"END";
=== TEST $n: with $fault when a chat is made the other account answers
--- v1: qwen_retry_delay 10ms;
--- next: {"on": "new_chat", "times": $times, @{[ substr $fault, 1 ]}
--- chat: {"stream": true}
--- answers
200 "Simulated answer to: hi"
--- calls: new_chat:A @{[ $again && 'new_chat:A' ]} new_chat:B completion:B



END
}

{
    local $/;
    my $data = <DATA>;
    $data =~ s/^=== TEST (\d+)/'=== TEST ' . ($1 + $n)/gem;
    spec_string($spec . $data);
}

run_tests();

__DATA__

=== TEST 1: a token that has gone is replaced, and the request goes on
--- accounts: ann
--- next: {"fault": "unauthorized-401"}
--- chat: {"stream": true}
--- answers
200 "Simulated answer to: hi"
--- calls: new_chat:A completion:A signin:A new_chat:A completion:A



=== TEST 2: so it is for 401 with status 200
--- accounts: ann
--- next: {"fault": "unauthorized-200"}
--- chat: {}
--- answers
200 "Simulated answer to: hi"
--- calls: new_chat:A completion:A signin:A new_chat:A completion:A



=== TEST 3: so it is for 403
--- accounts: ann
--- next: {"fault": "forbidden-403"}
--- chat: {}
--- answers
200 "Simulated answer to: hi"
--- calls: new_chat:A completion:A signin:A new_chat:A completion:A



=== TEST 4: so it is when a chat is made
--- accounts: ann
--- next: {"on": "new_chat", "fault": "unauthorized-401"}
--- chat: {}
--- answers
200 "Simulated answer to: hi"
--- calls: new_chat:A signin:A new_chat:A completion:A



=== TEST 5: an account whose every token is refused rests, and the client is told when to come back
--- accounts: ann
--- sim: {"behaviours": [{"on": ["completion"], "fault": "unauthorized-401"}]}
--- chat: {}
--- answers
503 upstream_error upstream_sign_in
--- response_headers
Retry-After: 30
--- calls: new_chat:A completion:A signin:A new_chat:A completion:A
--- after
is(api(GET => '/readyz'), 503, 'it is not ready');



=== TEST 6: a wrong password is told as a missing sign-in
--- accounts: ann
--- unready
--- sim: {"behaviours": [{"on": "signin", "fault": "signin-refused"}]}
--- chat: {}
--- answers
503 upstream_error upstream_sign_in
--- response_headers_like
Retry-After: (?:29|30)
--- error_log
sign-in of account "a***@example.com" failed



=== TEST 7: without any account there is no sign-in to wait for
--- accounts: none
--- unready
--- chat: {}
--- answers
503 upstream_error upstream_sign_in
--- after
my ($status, $body) = api(GET => '/readyz');
is("$status $body", '503 {"status":"not_ready","reason":"no account"}', 'readyz tells it');



=== TEST 8: a stream that is cut behind the first text ends with an error
--- next: {"text": ["one ", "two "], "fault": "cut", "after": 2}
--- http: qwen_cooldown failures=1;
--- accounts: ann
--- chat: {"stream": true}
--- answers
200 "one two " broken upstream_error upstream_incomplete
--- after
is(api(GET => '/readyz'), 503, 'the account is blamed');



=== TEST 9: a stream that is reset behind the first text ends with an error
--- next: {"text": ["one ", "two "], "fault": "reset", "after": 1}
--- chat: {"stream": true}
--- answers
200 "one " broken upstream_error upstream_incomplete



=== TEST 10: a stream that closes without its finish ends with an error
--- next: {"text": ["one ", "two "], "fault": "close", "after": 2}
--- chat: {"stream": true}
--- answers
200 "one two " broken upstream_error upstream_incomplete



=== TEST 11: a stream that was thinking only and closes ends with an error
--- next: {"text": ["one"], "thinking": ["hm ", "hm "], "fault": "close", "after": 2}
--- chat: {"model": "qwen3-max-thinking", "stream": true}
--- answers
200 "" broken upstream_error upstream_incomplete
--- thinks: "hm hm "



=== TEST 12: an error behind the first text ends the stream with it
--- next: {"text": ["one ", "two "], "fault": "quota", "after": 2}
--- accounts: ann
--- chat: {"stream": true}
--- answers
200 "one two " broken rate_limit_error insufficient_quota
--- after
is(api(GET => '/readyz'), 503, 'the account rests');



=== TEST 13: an event that is no JSON ends the stream with an error
--- next: {"text": ["one ", "two "], "hostile": ["truncated-json"]}
--- chat: {"stream": true}
--- answers
200 "one " broken upstream_error upstream_protocol



=== TEST 14: a collected answer that is cut is asked for again
--- next: {"text": ["one ", "two "], "fault": "cut", "after": 2}
--- v1: qwen_retry_delay 10ms;
--- chat: {}
--- answers
200 "Simulated answer to: hi"
--- calls: new_chat:A completion:A new_chat:B completion:B



=== TEST 15: a collected answer that is cut with no other account is an error
--- next: {"text": ["one ", "two "], "fault": "cut", "after": 2}
--- accounts: ann
--- chat: {}
--- error_code: 502
--- response_body_like: "type":"upstream_error"
--- calls: new_chat:A completion:A



=== TEST 16: a collected answer that a content filter ends keeps its text and the reason
--- next: {"text": ["one ", "two "], "fault": "content-filter", "after": 2}
--- chat: {}
--- answers
200 "one two " content_filter



=== TEST 17: nothing is tried again after a content filter
--- next: {"fault": "content-filter"}
--- chat: {}
--- answers
400 invalid_request_error content_filter
--- calls: new_chat:A completion:A



=== TEST 18: a content filter when the chat is made is no fault of the account
--- http: qwen_cooldown failures=1;
--- accounts: ann
--- next: {"on": "new_chat", "fault": "content-filter"}
--- chat: {}
--- answers
400 invalid_request_error content_filter
--- after
is(api(GET => '/readyz'), 200, 'it is ready');



=== TEST 19: a name that neither side knows is model_not_found, whoever refuses it
--- http: qwen_cooldown failures=1;
--- chat: [{"model": "none-such"}, {"model": "none-such", "stream": true}]
--- answers
404 invalid_request_error model_not_found model
404 invalid_request_error model_not_found model
--- after
for my $form (qw( not-found-200 bad-request-200 bad-request-400 detail-400 detail-404 )) {
    for my $check (qw( new_chat completion )) {
        sim()->set({ model_check => $check, model_refusal => $form });
        my ($status, $body) = api(POST => '/v1/chat/completions', { model => 'none-such' });
        is($status . (answer($body)->{error}{code} // ''), '404model_not_found', "$form of $check");
    }
}
is(api(GET => '/readyz'), 200, 'no account is blamed');



=== TEST 20: a name of the list that one account is refused is asked with another
--- next: {"fault": "model-refused"}
--- v1: qwen_retry_delay 10ms;
--- chat: {}
--- answers
200 "Simulated answer to: hi"
--- calls: new_chat:A completion:A new_chat:B completion:B



=== TEST 21: a time-out of the connection is one of the upstream
--- accounts: ann
--- server: proxy_read_timeout 300ms;
--- next: {"fault": "time-out"}
--- config eval
QwenTest::server_config() =~ s/proxy_read_timeout\s+600s/proxy_read_timeout 300ms/r
--- http_config eval
QwenTest::http_config('ann')
--- chat: {}
--- answers
504 upstream_error upstream_timeout



=== TEST 22: silence in the middle of a stream ends it with an error
--- next: {"text": ["one ", "two "], "fault": "time-out", "after": 1}
--- config eval
QwenTest::server_config() =~ s/proxy_read_timeout\s+600s/proxy_read_timeout 300ms/r
--- http_config eval
QwenTest::http_config('ann')
--- chat: {"stream": true}
--- answers
200 "one " broken upstream_error upstream_incomplete



=== TEST 23: an upstream that refuses connections is one that is not available
--- config eval
QwenTest::server_config()
--- http_config eval
my $port = QwenTest::sim()->port;
QwenTest::http_config('ann') =~ s/server 127\.0\.0\.1:$port/server 127.0.0.1:1/r
--- chat: {}
--- error_code: 503
--- response_body_like: "code":"upstream_sign_in"
--- may_log: Connection refused
--- error_log
Connection refused



=== TEST 24: an error of the upstream in a stream does not tell its words
--- accounts: ann
--- next: {"status": 400, "content_type": "application/json", "body": {"success": false, "data": {"code": "Bad_Request", "details": "internal error of host-17 for ann@example.com"}}}
--- chat: {}
--- error_code: 502
--- response_body_unlike: host-17|ann@
