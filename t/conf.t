# The directives: what each does where that is cheap to see, and what of a
# wrong configuration the operator is told.

use lib 't/lib';
use QwenTest;
use Test::Nginx::Socket 'no_plan';

# A start that fails: title, lines for "http", for "server", for "location
# /v1/", and what the log says.

# A message has to name the directive and the value.

sub names {
    my ($directive, $value) = @_;

    return qr/\[emerg\](?=.*"$directive")(?=.*"\Q$value\E")/;
}

my @wrong = (
    ['a zone has a size', 'qwen_zone other;', '', '', 'invalid number of arguments in "qwen_zone" directive'],
    ['there is one zone', 'qwen_zone other 1m;', '', '', '"qwen_zone" directive is duplicate'],
    ['a zone belongs into http', '', 'qwen_zone other 1m;', '', '"qwen_zone" directive is not allowed here'],

    ['a key has a name after name=', 'qwen_key sk-5ecret nam=x;', '', '', 'invalid parameter "nam=x" in "qwen_key" directive, it must be "name=..."'],
    ['a key has a name that is not empty', 'qwen_key sk-5ecret name=;', '', '', 'it must be "name=..."'],
    ['a key is given once', 'qwen_key sk-user-5ecret;', '', '', '"qwen_key" directive has a duplicate key'],
    ['a name is given once', 'qwen_key sk-other-5ecret name=user;', '', '', 'has a duplicate name of a key'],
    ['a key is not empty', 'qwen_key "";', '', '', 'has an empty key'],
    ['a key has no space', 'qwen_key "sk 5ecret";', '', '', 'has a key with a character that is not printable ASCII'],
    ['a key has no comma', 'qwen_key sk-5ecret,b;', '', '', 'or with a space or comma'],
    ['a key is printable', "qwen_key sk-5ecret\xe9;", '', '', 'not printable ASCII'],
    ['a key is not too long', 'qwen_key ' . '5ecret' x 100 . ';', '', '', 'has a key of more than 512 characters'],
    ['a name is simple', 'qwen_key sk-5ecret name=a"b;', '', '', 'has a name with a character other than'],
    ['a name is short', 'qwen_key sk-5ecret name=' . 'x' x 65 . ';', '', '', 'has a name of more than 64 characters'],
    ['keys belong into http', '', '', 'qwen_key sk-5ecret;', '"qwen_key" directive is not allowed here'],
    ['a key file exists', 'qwen_key_file none;', '', '', 'conf/none" failed (2: No such file or directory)'],

    ['an account has a password', 'qwen_account cyd@example.com;', '', '', '"qwen_account" directive takes accounts as "email:password"'],
    ['the password is not empty', 'qwen_account cyd@example.com:;', '', '', 'takes accounts as "email:password"'],
    ['the address is not empty', 'qwen_account :5ecret;', '', '', 'takes accounts as "email:password"'],
    ['an account is given once', 'qwen_account ann@example.com:other-5ecret;', '', '', '"qwen_account" directive has an account that was given before'],
    ['an address is not too long', 'qwen_account ' . 'a' x 255 . ':5ecret;', '', '', 'has an account whose email or password is too long'],
    ['a password is not too long', 'qwen_account cyd:' . '5ecret' x 171 . ';', '', '', 'has an account whose email or password is too long'],
    ['an account file exists', 'qwen_account_file none;', '', '', 'conf/none" failed (2: No such file or directory)'],

    ['a store is a known one', 'qwen_store files;', '', '', 'invalid value "files" in "qwen_store" directive, it must be "none", "file" or "redis"'],
    ['there is one store', 'qwen_store none; qwen_store none;', '', '', '"qwen_store" directive is duplicate'],

    (map { ["qwen_cooldown is not $_", "qwen_cooldown $_;", '', '', qq(invalid parameter "$_" in "qwen_cooldown" directive, it must be "failures=number" from 1 or a time above 0 for)] }
        qw( quota quota= quota=x quota=0 quota=-1 other=1h failures=0 failures=x failures= failures=-1 failures=1h =1h )),

    (map { my $name = $_; (
        ["$name takes a time", "$name x;", '', '', names($name, 'x')],
        ["$name takes no negative time", "$name -1s;", '', '', names($name, '-1s')],
        ["$name is given once", "$name 1s; $name 1s;", '', '', qq("$name" directive is duplicate)],
    ) } qw( qwen_models_ttl qwen_retry_delay qwen_timeout qwen_stream_keepalive )),

    (map { ["qwen_attempts is not $_", '', '', "qwen_attempts $_;", names('qwen_attempts', $_)] } qw( 0 101 -1 x )),
    ['qwen_attempts is given once', '', '', 'qwen_attempts 1; qwen_attempts 2;', '"qwen_attempts" directive is duplicate'],

    ['qwen_reasoning is a known one', '', '', 'qwen_reasoning loud;', names('qwen_reasoning', 'loud')],
    ['qwen_search_info is a known one', '', '', 'qwen_search_info list;', names('qwen_search_info', 'list')],
    (map { my $name = $_; (
        ["$name is on or off", '', '', "$name yes;", qq(invalid value "yes" in "$name" directive, it must be "on" or "off")],
        ["$name is given once", '', '', "$name on; $name on;", qq("$name" directive is duplicate)],
    ) } qw( qwen_stream_usage qwen_models_variants )),

    (map { ["qwen_max_upstream_body is not $_", '', '', "qwen_max_upstream_body $_;", qq(invalid value "$_" in "qwen_max_upstream_body" directive, it must be "off" or a size of at least 8k)] } qw( x 0 1k 8191 -1 on )),
    ['qwen_max_upstream_body is given once', '', '', 'qwen_max_upstream_body off; qwen_max_upstream_body 9k;', '"qwen_max_upstream_body" directive is duplicate'],
    (map { my $name = $_; (
        ["$name takes a size", '', '', "$name x;", names($name, 'x')],
        ["$name is given once", '', '', "$name 1m; $name 1m;", qq("$name" directive is duplicate)],
    ) } qw( qwen_max_event qwen_max_answer qwen_max_json )),

    ['qwen_web_param has a known name', 'qwen_web_param colour red;', '', '', 'invalid name "colour" in "qwen_web_param" directive, it must be signin_path, models_path, new_chat_path, completion_path, version, chat_mode or chat_title'],
    ['a path begins with a slash', 'qwen_web_param signin_path api/x;', '', '', 'invalid value "api/x" of "signin_path" in "qwen_web_param" directive, it must begin with "/"'],
    (map { my $value = $_; ["a path is no '$value'", qq(qwen_web_param signin_path "$value";), '', '', 'of "signin_path" in "qwen_web_param" directive, it must begin with "/" and hold no space or control character'] } '', '/a b', '/a\rb', '/a\nb'),
    (map { my ($name, $value) = @$_; ["$name is no '$value'", '', '', qq($name "$value";), qq("$name" directive takes a text without control characters)] } map { my $name = $_; map { [$name, $_] } '', 'a\r\nb: c', 'a\tb' } qw( qwen_web_cookie qwen_allow_origin )),
    ['a cooldown is given once', 'qwen_cooldown max=1s; qwen_cooldown max=2s;', '', '', '"qwen_cooldown" directive has a duplicate parameter'],
    ['a parameter is given once', 'qwen_web_param version 1; qwen_web_param version 2;', '', '', '"qwen_web_param" directive is duplicate'],
    ['qwen_web_cookie is given once', 'qwen_web_cookie a=b; qwen_web_cookie c=d;', '', '', '"qwen_web_cookie" directive is duplicate'],
    ['qwen_allow_origin is given once', 'qwen_allow_origin *; qwen_allow_origin off;', '', '', '"qwen_allow_origin" directive is duplicate'],

    ['an API is a known one', '', 'location /x/ { qwen_api claude; }', '', 'invalid API "claude" in "qwen_api" directive, it must be openai, models, admin, verify, healthz, readyz or error'],
    ['an API is given once', '', 'location /x/ { qwen_api openai; qwen_api openai; }', '', '"qwen_api" directive is duplicate or follows another content handler'],
    ['an API follows no other content handler', '', 'location /x/ { proxy_pass http://127.0.0.1:1; qwen_api openai; }', '', 'is duplicate or follows another content handler'],
    ['openai wants a prefix, not an exact location', '', 'location = /x/ { qwen_api openai; }', '', '"qwen_api openai" takes its routes from what follows a location\'s prefix, location "/x/" is none'],
    ['openai wants a prefix, not an expression', '', 'location ~ /x/ { qwen_api openai; }', '', 'takes its routes from what follows a location\'s prefix'],
    ['openai wants a prefix, not a name', '', 'location @x { qwen_api openai; }', '', 'takes its routes from what follows a location\'s prefix'],
    ['an API belongs into a location', '', 'qwen_api openai;', '', '"qwen_api" directive is not allowed here'],

    ['an upstream is a known one', '', 'location /x/ { qwen_upstream cli; }', '', 'invalid upstream "cli" in "qwen_upstream" directive, it must be "web"'],
    ['there is one upstream', '', 'location /x/ { internal; qwen_upstream web; proxy_pass http://qwen_web/; }', '', '"qwen_upstream" directive is duplicate in this server'],
);

# The upstream's location as a whole

my $good = 'internal; qwen_upstream web; proxy_pass http://qwen_web/;';

my @location = (
    ['an upstream wants proxy_pass', 'location /up/ { internal; qwen_upstream web; }', 'location "/up/" with "qwen_upstream" needs "proxy_pass"'],
    ['an upstream wants internal', 'location /up/ { qwen_upstream web; proxy_pass http://qwen_web/; }', 'location "/up/" with "qwen_upstream" needs "internal"'],
    ['an upstream wants no expression to come before it', "location /up/ { $good }", 'location "/up/" with "qwen_upstream" needs "^~" before its name'],
    ['an upstream is a prefix with a slash', "location /up { $good }", '"qwen_upstream" must be in a location whose name is a prefix that ends with "/"'],
    ['an upstream is no exact location', "location = /up/ { $good }", 'must be in a location whose name is a prefix that ends with "/"'],
    ['an upstream is no expression', "location ~ /up/ { internal; qwen_upstream web; proxy_pass http://qwen_web; }", 'must be in a location whose name is a prefix that ends with "/"'],
    ['an API wants an upstream in its server', '', '"qwen_api" in location "/v1/" needs a location with "qwen_upstream web" in the same server, write "include qwen_upstream.conf;" into "server"'],
);

my $n = 0;
my $spec = '';

for my $case (@wrong) {
    my ($title, $http, $server, $v1, $message) = @$case;

    $n++;
    $spec .= "=== TEST $n: $title\n"
             . ($http ne '' ? "--- http\n$http\n" : '')
             . ($server ne '' ? "--- server\n$server\n" : '')
             . ($v1 ne '' ? "--- v1\n$v1\n" : '')
             . "--- must_die\n--- suppress_stderr\n"
             . (ref $message ? "--- error_log eval\nqr{$message}\n"
                             : "--- error_log\n$message\n")
             . "\n\n\n";
}

for my $case (@location) {
    my ($title, $location, $message) = @$case;

    $n++;
    $spec .= <<"END";
=== TEST $n: $title
--- http_config eval
QwenTest::http_config('ann')
--- config
$location
location /v1/ { qwen_api openai; }
--- must_die
--- suppress_stderr
--- error_log
$message



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

=== TEST 1: an API wants a zone
--- http_config
qwen_key sk-5ecret;
--- config
location = /healthz { qwen_api healthz; }
--- must_die
--- suppress_stderr
--- error_log
"qwen_api" needs a zone, write for example "qwen_zone qwen 16m;" into "http"



=== TEST 2: an API wants a key
--- http_config
qwen_zone qwen 1m;
--- config
location = /healthz { qwen_api healthz; }
--- must_die
--- suppress_stderr
--- error_log
"qwen_api" needs a key of the clients, write "qwen_key" or "qwen_key_file" into "http"



=== TEST 3: a zone has at least eight pages
--- http_config
qwen_zone qwen 8k;
--- config
--- must_die
--- suppress_stderr
--- error_log
invalid zone size "8k" in "qwen_zone" directive, it must be at least 32k



=== TEST 4: a size of a zone is a size
--- http_config
qwen_zone qwen big;
--- config
--- must_die
--- suppress_stderr
--- error_log
invalid zone size "big" in "qwen_zone" directive



=== TEST 5: a zone that cannot hold the accounts stops the start
--- http_config eval
"qwen_zone qwen 32k;\nqwen_key sk-5ecret;\n" . QwenTest::account_lines(map { "name$_" x 10 } 1 .. 300)
--- config
--- must_die
--- suppress_stderr
--- error_log
[emerg]



=== TEST 6: a bad line of a key file is told by its number, not by its text
--- http: qwen_key_file ../html/keys;
--- user_files
>>> keys
# keys
sk-one-5ecret one

sk-two-5ecret two words
--- must_die
--- suppress_stderr
--- error_log eval
qr/"qwen_key_file" has a name with a character other than .*, in line 4 of ".*html\/keys"/



=== TEST 7: a duplicate key of a file is told so
--- http: qwen_key_file ../html/keys;
--- user_files
>>> keys
sk-one-5ecret
sk-user-5ecret
--- must_die
--- suppress_stderr
--- error_log eval
qr/"qwen_key_file" has a duplicate key, in line 2 of/



=== TEST 8: a bad line of an account file is told by its number, not by its text
--- http: qwen_account_file ../html/accounts;
--- user_files
>>> accounts
# accounts

cyd@example.com:p-5ecret
dan@example.com p-5ecret
--- must_die
--- suppress_stderr
--- error_log eval
qr/"qwen_account_file" takes accounts as "email:password", in line 4 of ".*html\/accounts"/
--- no_error_log
dan@



=== TEST 9: an account of a file that was given before is told so
--- http: qwen_account_file ../html/accounts;
--- user_files
>>> accounts
ann@example.com:p-5ecret
--- must_die
--- suppress_stderr
--- error_log eval
qr/"qwen_account_file" has an account that was given before, in line 1 of/



=== TEST 10: a key file has keys, names, comments, blanks and ends of lines of both kinds
--- http: qwen_key_file ../html/keys; log_format key "key: $qwen_key";
--- server: access_log logs/access.log key;
--- user_files eval
[['keys', "# first\r\n  sk-one-5ecret\tone  \r\n\r\n\t\n#sk-no-5ecret\nsk-two-5ecret"]]
--- request eval
[('GET /v1/models') x 4]
--- more_headers eval
["x-api-key: sk-one-5ecret", "x-api-key: sk-two-5ecret", "x-api-key: #sk-no-5ecret", "x-api-key: sk-no-5ecret"]
--- error_code eval
[200, 200, 401, 401]
--- after
like(QwenTest::slurp("$ENV{TEST_NGINX_SERVROOT}/logs/access.log"), qr/^key: one\nkey: key-[0-9a-f]{8}\n/m, 'the names');



=== TEST 11: an account file has accounts, comments and blanks, and a password may hold colons and commas
--- accounts: none
--- unready
--- http: qwen_account_file ../html/accounts;
--- user_files eval
[['accounts', "# first\r\n\r\n  cyd\@example.com:p:5ecret,x y\r\n"]]
--- sim: {"any_account": false}
--- post_setup_server_root
QwenTest::reset_sim($block); QwenTest::sim()->control(POST => 'accounts', { accounts => [{ email => 'cyd@example.com', password => 'p:5ecret,x y' }] });
--- chat: {}
--- answers
200 "Simulated answer to: hi"



=== TEST 12: a password of the configuration may hold colons
--- accounts: none
--- unready
--- http: qwen_account "cyd@example.com:p:5ecret: x";
--- post_setup_server_root
QwenTest::reset_sim($block); QwenTest::sim()->set({ any_account => JSON::PP::false() }); QwenTest::sim()->control(POST => 'accounts', { accounts => [{ email => 'cyd@example.com', password => 'p:5ecret: x' }] });
--- chat: {}
--- answers
200 "Simulated answer to: hi"



=== TEST 13: qwen_web_param changes what the upstream is sent
--- http
qwen_web_param version 9.9;
qwen_web_param chat_mode guest;
qwen_web_param chat_title "a \"title\"";
--- chat: {}
--- answers
200
--- upstream: {"version": "9.9", "chat_mode": "guest"}
--- after
my $body = QwenTest::body((sim()->requests('new_chat'))[0]);
is("$body->{title} $body->{chat_mode}", 'a "title" guest', 'the new chat');



=== TEST 14: qwen_web_param changes the paths
--- http: qwen_web_param models_path /api/v2/models/;
--- unready
--- request
GET /v1/models
--- after
is((sim()->requests('models'))[0]{path}, '/api/v2/models/', 'the path');



=== TEST 15: a path of the upstream that is wrong is an error, not a crash
--- http: qwen_web_param completion_path /nowhere;
--- v1: qwen_retry_delay 10ms;
--- chat: {}
--- error_code: 502
--- response_body_like: "type":"upstream_error"



=== TEST 16: qwen_web_cookie stands behind the token
--- http: qwen_web_cookie "a=b; c=d";
--- chat: {}
--- answers
200
--- after
my ($record) = sim()->requests('completion');
my ($token) = $record->{headers}{authorization} =~ /^Bearer (.+)$/;
is($record->{headers}{cookie}, "token=$token; a=b; c=d", 'the cookie');



=== TEST 17: a header of the upstream's location reaches the upstream
--- http_config eval
QwenTest::http_config('ann')
--- config eval
QwenTest::server_config() =~ s/proxy_set_header  source      web;/proxy_set_header source app; proxy_set_header X-Extra yes;/r
--- chat: {}
--- answers
200
--- after
my ($record) = sim()->requests('completion');
is("$record->{headers}{source} $record->{headers}{'x-extra'}", 'app yes', 'the headers');



=== TEST 18: options of http and server are inherited, and a location has its own
--- http: qwen_reasoning off;
--- server
qwen_stream_usage on;
location /think/ { qwen_api openai; qwen_reasoning think; }
location /usage/ { qwen_api openai; qwen_stream_usage off; }
--- after
my $chat = { model => 'qwen3-max-thinking', stream => JSON::PP::true(), messages => [{ role => 'user', content => '[[sim:{"text":"a","thinking":"t"}]]' }] };
my %got;
for my $at (qw( v1 think usage )) {
    my (undef, $body) = api(POST => "/$at/chat/completions", $chat);
    my $answer = answer($body);
    $got{$at} = "$answer->{text}|$answer->{reasoning}|" . ($answer->{usage} ? 'usage' : '');
}
is_deeply(\%got, { v1 => 'a||usage', think => "<think>\n\nt\n\n</think>\na||usage", usage => 'a||' }, 'the answers');



=== TEST 19: an encoded answer of the upstream is told as a mistake of the configuration
--- accounts: ann
--- next: {"headers": {"Content-Encoding": "br"}}
--- v1: qwen_attempts 1;
--- chat: {"stream": true}
--- answers
500 server_error internal_error
--- error_log
upstream sent an encoded answer, no "proxy_set_header Accept-Encoding" may apply to location "/.qwen/web/"



=== TEST 20: another content handler cannot take the place of the API
--- v1: proxy_pass http://127.0.0.1:1;
--- must_die
--- suppress_stderr
--- error_log
"qwen_api" and another content handler are both in location "/v1/"



=== TEST 21: the pages of a server's error_page are not for calls
--- accounts: ann
--- server: error_page 500 502 503 504 /50x.html; proxy_intercept_errors on;
--- next: {"fault": "502"}
--- v1: qwen_attempts 1;
--- chat: {"stream": true}
--- answers
502 upstream_error upstream_unavailable



=== TEST 22: two servers have an upstream each
--- accounts: ann
--- server: server_name one;
--- http eval
"server { listen " . (QwenTest::port() + 1) . ";\n" . QwenTest::server_config('qwen_reasoning off;') . "}"
--- after
my $http = HTTP::Tiny->new;
my $res = $http->post('http://127.0.0.1:' . (port() + 1) . '/v1/chat/completions', { headers => { 'x-api-key' => 'sk-user-5ecret', 'Content-Type' => 'application/json' }, content => QwenTest::chat_body({ messages => [{ role => 'user', content => '[[sim:{"text":"a","thinking":"t"}]]' }] }) });
is($res->{status}, 200, 'the other server answers');



=== TEST 23: the module is not used where nothing says so
--- http_config
--- config
location /x { return 200 "x"; }
--- request
GET /x
--- response_body chomp
x
--- unready
