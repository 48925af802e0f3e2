# The list of models: what it has, how long it is kept, who fetches it.

use lib 't/lib';
use QwenTest;
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw( time sleep );

sub ids {
    my (undef, $body) = api(GET => $_[0] // '/v1/models');

    return CORE::join ' ', map { $_->{id} } @{ json()->decode($body)->{data} };
}

run_tests();

__DATA__

=== TEST 1: each model has its variants behind it, in their order
--- after
is(ids(), 'qwen3.6-plus qwen3.6-plus-thinking qwen3.6-plus-search qwen3.6-plus-thinking-search qwen3.6-plus-image qwen3.6-plus-video qwen3.6-plus-image-edit qwen3.6-plus-deep-research'
    . ' qwen3-max qwen3-max-thinking qwen3-max-search qwen3-max-thinking-search qwen3-max-deep-research'
    . ' qwen-plus-2025-07-28 qwen-plus-2025-07-28-thinking qwen-plus-2025-07-28-search qwen-plus-2025-07-28-thinking-search'
    . ' qwen3-coder-plus wan2.5-video wan2.5-video-image wan2.5-video-video qwen2.5-14b-instruct-1m qwq-32b qvq-72b-preview qwen-turbo', 'the ids');
is(ids('/models'), ids('/v1/models'), 'the open list is the same');



=== TEST 2: each entry is what an OpenAI client wants, and the upstream's object without its name
--- after
my (undef, $body) = api(GET => '/v1/models');
my $list = json()->decode($body);
is_deeply([sort keys %$list], ['data', 'object'], 'a list');
is($list->{object}, 'list', 'that says so');
for my $entry (@{ $list->{data} }) {
    is("$entry->{object} $entry->{owned_by}", 'model qwen', "$entry->{id}: object and owner");
    like($entry->{created}, qr/^\d+$/, "$entry->{id}: created");
    ok(!exists $entry->{name}, "$entry->{id}: no name");
}
my ($plus) = grep { $_->{id} eq 'qwen3.6-plus-search' } @{ $list->{data} };
is($plus->{info}{meta}{abilities}{vision}, JSON::PP::true(), 'the rest is kept');
like($plus->{info}{meta}{description}, qr/\x{901a}\x{7528}\x{6a21}\x{578b} \x{1f680}/, 'text and all');



=== TEST 3: a model is retrieved by the id of a variant
--- after
for my $id (split ' ', ids()) {
    my ($status, $body) = api(GET => "/v1/models/$id");
    is("$status " . json()->decode($body)->{id}, "200 $id", $id);
}



=== TEST 4: a model that does not exist is a 404
--- request eval
["GET /v1/models/none", "GET /v1/models/qwen3-max-image", "GET /v1/models/qwen3-max-", "GET /v1/models/QWEN-3", "GET /v1/models/a%22b%5C"]
--- answers
404 invalid_request_error model_not_found model
404 invalid_request_error model_not_found model
404 invalid_request_error model_not_found model
404 invalid_request_error model_not_found model
404 invalid_request_error model_not_found model



=== TEST 5: an id may hold slashes and escapes
--- sim: {"models": [{"id": "org/model é"}]}
--- request eval
["GET /v1/models/org/model%20%C3%A9", "GET /v1/models/org%2Fmodel%20%C3%A9"]
--- response_body_like eval
[('^\{"id":"org/model ') x 2]



=== TEST 6: qwen_models_variants off shows base models only
--- v1: qwen_models_variants off;
--- after
is(ids(), 'qwen3.6-plus qwen3-max qwen-plus-2025-07-28 qwen3-coder-plus wan2.5-video qwen2.5-14b-instruct-1m qwq-32b qvq-72b-preview qwen-turbo', 'the ids');
is(api(GET => '/v1/models/qwen3-max-thinking'), 404, 'a variant is not listed');
is(api(POST => '/v1/chat/completions', { model => 'qwen3-max-thinking' }), 200, 'but served');



=== TEST 7: the list is fetched once for many requests
--- after
ids() for 1 .. 20;
api(POST => '/v1/chat/completions', {});
is(scalar sim()->requests('models'), 0, 'no more than the first');



=== TEST 8: the list is fetched once for all workers
--- processes: 4
--- after
ids() for 1 .. 40;
is(sim()->stats->{calls}{models}, 1, 'once');



=== TEST 9: qwen_models_ttl is how long the list is good
--- http: qwen_models_ttl 1s;
--- after
my $old = ids();
sim()->set({ models => [{ id => 'brand-new' }] });
is(ids(), $old, 'it is kept');
ok(poll { ids() eq 'brand-new' }, 'and renewed');
sleep 2.2;
cmp_ok(sim()->stats->{calls}{models}, '<=', 7, 'no more often than it says');



=== TEST 10: the last good list is kept when the next cannot be had
--- http: qwen_models_ttl 1s; qwen_cooldown signin=1s failures=1000;
--- after
my $old = ids();
for my $fault ('500', 'wall-html-200', 'empty-body', 'reset', 'rate-limited-200') {
    sim()->set({ behaviours => [{ on => 'models', fault => $fault }] });
    my $n = sim()->stats->{calls}{models};
    ok(poll { sim()->stats->{calls}{models} > $n }, "$fault: it is asked for");
    sleep 0.1;
    is(ids(), $old, "$fault: the old one stays");
    last if $fault =~ /wall/;
}
like(QwenTest::slurp("$ENV{TEST_NGINX_SERVROOT}/logs/error.log"), qr/refreshing the list of models failed: outage, upstream status 500/, 'the log tells it');



=== TEST 11: a list that cannot be read is none
--- http: qwen_models_ttl 1s; qwen_cooldown signin=1s failures=1000;
--- after
my $old = ids();
for my $body ({}, { data => 5 }, { data => [] }, '{"data":[', '[]') {
    sim()->set({ behaviours => [{ on => 'models', body => $body }] });
    my $n = sim()->stats->{calls}{models};
    ok(poll { sim()->stats->{calls}{models} > $n }, 'it is asked for');
    sleep 0.1;
    is(ids(), $old, 'the old one stays: ' . json()->encode($body));
}



=== TEST 12: entries of a list that are none are left out
--- sim: {"models": [null, 5, "x", {}, {"id": 5}, {"id": ""}, {"id": "good"}, [], {"id": "also-good", "object": 5, "owned_by": null, "created": "x", "info": []}]}
--- after
is(ids(), 'good also-good', 'the ids');



=== TEST 13: a list that is too large for the zone is not taken
--- http: qwen_models_ttl 1s;
--- after
my $old = ids();
my $n = sim()->stats->{calls}{models};
sim()->set({ model_check => 'off', models => [map { { id => "m$_", info => { text => 'x' x 1000 } } } 1 .. 1000] });
ok(poll { sim()->stats->{calls}{models} > $n }, 'it is asked for');
sleep 0.3;
is(ids(), $old, 'the old one stays');
like(QwenTest::slurp("$ENV{TEST_NGINX_SERVROOT}/logs/error.log"), qr/\[error\].*no room in "qwen_zone" for the list of models/, 'the log tells it');
is(api(POST => '/v1/chat/completions', {}), 200, 'chats go on');



=== TEST 14: until there is a list a request waits for it
--- unready
--- sim: {"behaviours": [{"on": "models", "delay": 700}]}
--- request
GET /v1/models
--- response_body_like: ^\{"object":"list","data":\[\{"id":"qwen3\.6-plus"



=== TEST 15: without an account a request for the list gets an error in time
--- accounts: none
--- unready
--- v1: qwen_timeout 300ms;
--- request
GET /v1/models
--- error_code: 503
--- response_body_like: ^\{"error":\{"message":"[^"]+","type":"upstream_error","param":null,"code":"[a-z_]+"\}\}$



=== TEST 16: a chat does not wait for the list
--- unready
--- sim: {"behaviours": [{"on": "models", "delay": 2500}]}
--- chat: {}
--- answers
200 "Simulated answer to: hi"
--- after
is(scalar(grep { $_->{ended} } sim()->requests('models')), 0, 'which is on its way still');



=== TEST 17: the list is asked for with an account's token, and with nothing of the client
--- unready
--- request
GET /v1/models?x=y
--- after
my ($record) = sim()->requests('models');
like($record->{headers}{authorization}, qr/^Bearer eyJ/, 'a token');
is_deeply($record->{notes}, [], 'all headers are right');
is_deeply($record->{query}, {}, 'no arguments');



=== TEST 18: a failed refresh counts against the account that was asked, as a chat would
--- accounts: ann
--- unready
--- http: qwen_cooldown failures=1;
--- sim: {"behaviours": [{"on": "models", "fault": "rate-limited-200", "hours": 1}]}
--- after
ok(poll { sim()->stats->{calls}{models} }, 'the list is asked for');
ok(poll { api(GET => '/readyz') == 503 }, 'the account rests');



=== TEST 19: a list that is a page lets no account rest
--- accounts: ann
--- unready
--- http: qwen_cooldown signin=100ms;
--- sim: {"behaviours": [{"on": "models", "fault": "wall-html-200"}]}
--- after
ok(poll { (sim()->stats->{calls}{models} // 0) >= 3 }, 'it is asked for again and again');
is(api(GET => '/readyz'), 200, 'the account is ready');
is(api(POST => '/v1/chat/completions', {}), 200, 'and serves');
