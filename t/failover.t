# Which account serves, and what is tried when it cannot.

use lib 't/lib';
use QwenTest;
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw( time sleep );

run_tests();

__DATA__

=== TEST 1: the least recently used account serves
--- accounts: ann bob cyd
--- chat: [{}, {}, {"stream": true}, {}, {"stream": true}, {}]
--- answers
200
200
200
200
200
200
--- calls: new_chat:A completion:A new_chat:B completion:B new_chat:C completion:C new_chat:A completion:A new_chat:B completion:B new_chat:C completion:C



=== TEST 2: while one account is good every client gets its answer
--- accounts: ann bob cyd
--- v1: qwen_retry_delay 10ms;
--- after
my ($ann, $bob) = map { { email => "$_\@example.com", behaviours => [{ on => ['new_chat', 'completion'], fault => '500' }] } } qw( ann bob );
sim()->set($_) for $ann, $bob;
is_deeply([map { scalar api(POST => '/v1/chat/completions', { stream => $_ % 2 ? JSON::PP::true() : JSON::PP::false() }) } 1 .. 12], [(200) x 12], 'all are good');
my %n;
$n{$_->{email}}++ for sim()->requests('new_chat');
is($n{"ann\@example.com"}, 3, 'a bad account is asked until its third failure');
is($n{"bob\@example.com"}, 3, 'and so is the other');



=== TEST 3: qwen_attempts 1 tries one account only
--- v1: qwen_attempts 1;
--- next: {"fault": "500"}
--- chat: {}
--- answers
502 upstream_error upstream_unavailable
--- calls: new_chat:A completion:A



=== TEST 4: qwen_attempts tells how many accounts are tried, each one once
--- accounts: ann bob cyd dan eve
--- v1: qwen_attempts 4; qwen_retry_delay 10ms;
--- next: {"fault": "500", "times": 10}
--- chat: {}
--- answers
502 upstream_error upstream_unavailable
--- calls: new_chat:A completion:A new_chat:B completion:B new_chat:C completion:C new_chat:D completion:D



=== TEST 5: three accounts are tried by default
--- accounts: ann bob cyd dan
--- v1: qwen_retry_delay 10ms;
--- next: {"fault": "500", "times": 10, "on": "new_chat"}
--- chat: {}
--- answers
502 upstream_error upstream_unavailable
--- calls: new_chat:A new_chat:B new_chat:C



=== TEST 6: no account is tried twice when there are fewer than attempts
--- v1: qwen_attempts 10; qwen_retry_delay 10ms;
--- next: {"fault": "500", "times": 10}
--- chat: {}
--- answers
502 upstream_error upstream_unavailable
--- calls: new_chat:A completion:A new_chat:B completion:B



=== TEST 7: capped accounts do not count as attempts
--- accounts: ann bob cyd dan
--- v1: qwen_attempts 1;
--- next: {"fault": "rate-limited-200", "times": 3}
--- chat: {}
--- answers
200 "Simulated answer to: hi"
--- calls: new_chat:A completion:A new_chat:B completion:B new_chat:C completion:C new_chat:D completion:D



=== TEST 8: tokens that have gone do not count as attempts
--- accounts: ann bob cyd
--- v1: qwen_attempts 1;
--- after
sim()->revoke;
is(api(POST => '/v1/chat/completions', {}), 200, 'a good answer');
my %n;
$n{$_->{call}}++ for sim()->requests;
is($n{completion}, 1, 'one completion');



=== TEST 9: the attempts wait longer and longer
--- accounts: ann bob cyd
--- v1: qwen_retry_delay 200ms;
--- next: {"fault": "500", "times": 2}
--- chat: {}
--- answers
200 "Simulated answer to: hi"
--- after
my @time = map { $_->{time} } sim()->requests('new_chat');
@time = map { /T/ ? do { require Time::Piece; /^(.*)\.(\d+)Z/; 1000 * Time::Piece->strptime($1, '%Y-%m-%dT%H:%M:%S')->epoch + $2 } : $_ } @time;
my ($one, $two) = ($time[1] - $time[0], $time[2] - $time[1]);
cmp_ok($one, '>=', 190, "the first waits 200 ms ($one)");
cmp_ok($two, '>=', 390, "the second 400 ms ($two)");



=== TEST 10: a capped account is left without waiting
--- accounts: ann bob cyd
--- v1: qwen_retry_delay 20s;
--- next: {"fault": "rate-limited-429", "times": 2}
--- chat: {}
--- answers
200 "Simulated answer to: hi"



=== TEST 11: qwen_timeout ends all attempts together
--- accounts: ann bob cyd
--- v1: qwen_timeout 600ms; qwen_retry_delay 10ms;
--- next: [{"fault": "500", "delay": 200}, {"fault": "500", "delay": 200}, {"fault": "time-out"}]
--- after
my $start = time;
my ($status, $body) = api(POST => '/v1/chat/completions', {});
my $took = time - $start;
is("$status " . answer($body)->{error}{code}, '504 upstream_timeout', 'the error');
cmp_ok($took, '>=', 0.55, 'not before its time');
cmp_ok($took, '<', $QwenTest::Patience / 2, 'soon after it');
ok(poll { my $stats = sim()->stats; !$stats->{open} && $stats->{aborted} }, 'the upstream is left');



=== TEST 12: qwen_timeout ends the wait for a sign-in
--- accounts: ann
--- unready
--- sim: {"behaviours": [{"on": "signin", "delay": 1500}]}
--- v1: qwen_timeout 300ms;
--- chat: {}
--- answers
504 upstream_error upstream_timeout



=== TEST 13: qwen_timeout is no limit for a stream that has begun
--- v1: qwen_timeout 300ms;
--- next: {"text": ["one ", "two ", "three"], "interval": 250}
--- chat: {"stream": true}
--- answers
200 "one two three"



=== TEST 14: nor for a collected answer that has begun
--- v1: qwen_timeout 300ms;
--- next: {"text": ["one ", "two ", "three"], "interval": 250}
--- chat: {}
--- answers
200 "one two three"



=== TEST 15: qwen_cooldown rate_limited is how long a capped account rests
--- accounts: ann
--- http: qwen_cooldown rate_limited=1s;
--- next: {"fault": "rate-limited-429"}
--- chat: {}
--- answers
429 rate_limit_error rate_limit_exceeded
--- response_headers
Retry-After: 1
--- after
is(api(GET => '/readyz'), 503, 'it rests');
ok(poll { api(GET => '/readyz') == 200 }, 'it comes back');
is(api(POST => '/v1/chat/completions', {}), 200, 'and serves');
is(sim()->signins, 1, 'with its token');



=== TEST 16: qwen_cooldown quota is how long an account without quota rests
--- accounts: ann
--- http: qwen_cooldown quota=1s;
--- next: {"fault": "quota"}
--- chat: {}
--- answers
429 rate_limit_error insufficient_quota
--- after
ok(poll { api(GET => '/readyz') == 200 }, 'it comes back');



=== TEST 17: qwen_cooldown challenged is how long a challenged account rests
--- accounts: ann
--- http: qwen_cooldown challenged=1s;
--- next: {"fault": "challenge-ret"}
--- chat: [{}, {}]
--- answers
503 upstream_error upstream_challenged
429 rate_limit_error rate_limit_exceeded
--- response_headers eval
["", "Retry-After: 1"]
--- after
ok(poll { api(GET => '/readyz') == 200 }, 'it comes back');



=== TEST 18: qwen_cooldown failures and failure are for accounts that fail in a row
--- accounts: ann
--- http: qwen_cooldown failures=2 failure=1s;
--- next: {"fault": "500", "times": 2}
--- after
is(api(POST => '/v1/chat/completions', {}), 502, 'the first failure');
is(api(GET => '/readyz'), 200, 'is forgiven');
is(api(POST => '/v1/chat/completions', {}), 502, 'the second failure');
is(api(GET => '/readyz'), 503, 'is not');
ok(poll { api(GET => '/readyz') == 200 }, 'it comes back');
is(api(POST => '/v1/chat/completions', {}), 200, 'and serves');



=== TEST 19: a good answer clears the failures
--- accounts: ann
--- http: qwen_cooldown failures=2;
--- next: [{"fault": "500"}, {}, {"fault": "500"}, {}]
--- chat: [{}, {}, {}, {}]
--- answers
502 upstream_error upstream_unavailable
200 "Simulated answer to: hi"
502 upstream_error upstream_unavailable
200 "Simulated answer to: hi"



=== TEST 20: the shortest rest is told when all accounts are capped
--- next: [{"fault": "rate-limited-200", "hours": 3}, {"fault": "rate-limited-200", "hours": 2}]
--- chat: [{}, {"stream": true}]
--- answers
429 rate_limit_error rate_limit_exceeded
429 rate_limit_error rate_limit_exceeded
--- response_headers eval
["Retry-After: 7200", "Retry-After: 7200"]
--- calls: new_chat:A completion:A new_chat:B completion:B



=== TEST 21: a refused sign-in is not tried again before its rest
--- accounts: ann
--- unready
--- sim: {"behaviours": [{"on": "signin", "fault": "signin-refused"}]}
--- after
for (1 .. 30) {
    api(POST => '/v1/chat/completions', {});
    api(GET => '/readyz');
    sleep 0.04;
}
is(sim()->stats->{calls}{signin}, 1, 'one sign-in');
my ($status, $body, $headers) = api(POST => '/v1/chat/completions', {});
is("$status " . answer($body)->{error}{code}, '503 upstream_sign_in', 'the error');
cmp_ok($headers->{'retry-after'}, '>', 20, 'with the time of the next sign-in');



=== TEST 22: qwen_cooldown signin is the rest, which doubles
--- accounts: ann
--- unready
--- http: qwen_cooldown signin=100ms;
--- sim: {"behaviours": [{"on": "signin", "fault": "signin-refused"}]}
--- after
my $end = time + 2.5;
while (time < $end) {
    api(GET => '/readyz');
    sleep 0.02;
}
my $n = sim()->stats->{calls}{signin};
cmp_ok($n, '>=', 3, "it is tried again ($n)");
cmp_ok($n, '<=', 6, "less and less often ($n)");
sim()->set({ behaviours => [] });
ok(poll { api(GET => '/readyz') == 200 }, 'at last it is signed in');



=== TEST 23: qwen_cooldown max is the longest rest
--- accounts: ann
--- unready
--- http: qwen_cooldown signin=100ms max=200ms;
--- sim: {"behaviours": [{"on": "signin", "fault": "signin-refused"}]}
--- after
my $end = time + 2;
while (time < $end) {
    api(GET => '/readyz');
    sleep 0.02;
}
cmp_ok(sim()->stats->{calls}{signin}, '>=', 6, 'it is tried each 200 ms');



=== TEST 24: an account that cannot sign in does not stop the others
--- accounts: ann bob
--- unready
--- sim_account: {"ann": {"behaviours": [{"on": "signin", "delay": 2500}]}}
--- chat: {}
--- answers
200 "Simulated answer to: hi"
--- after
is(sim()->signins, 1, 'it was not waited for');



=== TEST 25: a wall at the sign-in does not stop the others
--- accounts: ann bob
--- unready
--- sim_account: {"ann": {"behaviours": [{"on": "signin", "fault": "wall-html-200"}]}}
--- chat: {}
--- answers
200 "Simulated answer to: hi"



=== TEST 26: a token that is near its end is renewed before it
--- accounts: ann
--- sim: {"token_life": 2}
--- after
ok(poll { sim()->signins >= 3 }, 'it is signed in again and again');
my @bad = grep { $_->{call} ne 'signin' && $_->{status} == 401 } sim()->requests;
is(scalar @bad, 0, 'and no call had an old token');
is(api(POST => '/v1/chat/completions', {}), 200, 'it serves');



=== TEST 27: a token that is born expired is no token
--- accounts: ann
--- unready
--- sim: {"token_life": -10}
--- chat: {}
--- answers
503 upstream_error upstream_sign_in
--- error_log
sign-in of account "a***@example.com" failed
--- after
cmp_ok(sim()->stats->{calls}{signin}, '<=', 1, 'it does not hammer');



=== TEST 28: what is no JWT is no token
--- accounts: ann
--- unready
--- sim: {"behaviours": [{"on": "signin", "token": "not-a-token"}]}
--- chat: {}
--- answers
503 upstream_error upstream_sign_in



=== TEST 29: a chat is made anew for the other account
--- v1: qwen_retry_delay 10ms;
--- next: {"fault": "500"}
--- chat: {"stream": true}
--- answers
200 "Simulated answer to: hi"
--- after
my ($one, $two) = sim()->requests('completion');
isnt($one->{email}, $two->{email}, 'another account');
isnt($one->{chat_id}, $two->{chat_id}, 'another chat');
is($_->{email}, (grep { $_->{chat_id} eq $two->{chat_id} && $_->{call} eq 'completion' } sim()->requests)[0]{email}, 'of the same account') for $two;



=== TEST 30: an account that rests is not asked for chats, though others fail
--- accounts: ann bob cyd
--- v1: qwen_retry_delay 10ms;
--- next: [{"fault": "rate-limited-429"}, {}, {"fault": "500"}]
--- chat: [{}, {}, {}]
--- answers
200
200
200
--- calls: new_chat:A completion:A new_chat:B completion:B new_chat:C completion:C new_chat:B completion:B new_chat:C completion:C



=== TEST 31: a kept connection that the upstream has closed costs neither a failure nor an attempt
--- accounts: ann
--- sim: {"keep_alive": 200}
--- http: qwen_cooldown failures=1;
--- v1: qwen_attempts 1;
--- after
for (1 .. 6) {
    is(api(POST => '/v1/chat/completions', {}), 200, "chat $_");
    sleep 0.18 + $_ / 100;
}
is(api(GET => '/readyz'), 200, 'the account is ready');



=== TEST 32: a 403 of every account that does not say why signs only the first one out
--- accounts: ann bob cyd
--- v1: qwen_retry_delay 10ms;
--- next: {"fault": "forbidden-403", "times": 3}
--- chat: [{}, {}]
--- answers
503 upstream_error upstream_sign_in
200 "Simulated answer to: hi"
--- after
ok(poll { sim()->signins == 4 }, 'one signs in again');
sleep 0.3;
is(sim()->signins, 4, 'and no other');



=== TEST 33: but one that another account then serves signs out all that were refused
--- accounts: ann bob cyd
--- v1: qwen_retry_delay 10ms;
--- next: {"fault": "forbidden-403", "times": 2}
--- chat: {}
--- answers
200 "Simulated answer to: hi"
--- after
ok(poll { sim()->signins == 5 }, 'both sign in again');



=== TEST 34: a bot check of every account lets only the first one rest
--- accounts: ann bob cyd
--- v1: qwen_retry_delay 10ms;
--- next: {"fault": "wall-html-403", "times": 3}
--- chat: [{}, {}]
--- answers
503 upstream_error upstream_challenged
200 "Simulated answer to: hi"
--- calls: new_chat:A completion:A new_chat:B completion:B new_chat:C completion:C new_chat:B completion:B



=== TEST 35: failures of every account for one request are no account's
--- accounts: ann bob cyd
--- http: qwen_cooldown failures=1;
--- v1: qwen_retry_delay 10ms;
--- after
for my $fault (qw( 500 empty-body bad-request-internal no-delta html )) {
    sim()->next({ fault => $fault, times => 3 }) unless $fault eq 'html';
    sim()->next({ status => 404, body => {}, times => 3 }) if $fault eq 'html';
    isnt(api(POST => '/v1/chat/completions', {}), 200, "$fault: refused");
    is(api(POST => '/v1/chat/completions', {}), 200, "$fault: the next one is served");
}
my %served = map { $_->{email} => 1 } sim()->requests('completion');
is(scalar keys %served, 3, 'by all accounts');
is(sim()->stats->{calls}{signin}, 3, 'which did not sign in again');
