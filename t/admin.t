# The administrator's API and the store behind it.

use strict;
use warnings;
use utf8;

use lib 't/lib';
use QwenTest;
use QwenTest::Nginx;
use Test::More;

use Compress::Raw::Zlib ();
use IO::Socket::INET;
use Time::HiRes qw( sleep time );

my ($true, $false) = (JSON::PP::true(), JSON::PP::false());
my $root = QwenTest::Nginx->root;
my $file = "$root/store/data.json";
my $Key = \%QwenTest::Key;
my $hidden = "\x{2022}" x 4;
my $worker = 'add_header X-Worker $pid always;';

my $server = <<"END";
location /api/ { qwen_api admin; client_max_body_size 32m; client_body_buffer_size 4k; $worker }
location = /verify { qwen_api verify; $worker }
location /pinned/ { qwen_api openai; qwen_models_variants on; qwen_search_info table; }
END


sub begin {
    my (%option) = @_;

    sim()->reset;
    sim()->set($option{sim}) if $option{sim};

    $option{files} = { 'store/data.json' => data_file($option{data}->()) } if $option{data};

    return QwenTest::Nginx->start(
        workers => 4, listen => 'reuseport', accounts => ['ann'],
        server => $server, v1 => $worker, %option,
        http => "qwen_store file $file;\n" . ($option{http} // ''));
}

sub finish {
    my ($nginx, $name, $may_log) = @_;

    $nginx->stop('QUIT');

    my ($bad) = grep { /\[(?:alert|crit|emerg)\]/ || /$QwenTest::Secret/ }
                    grep { !/sched_setaffinity/ && !($may_log && /$may_log/) }
                    split /\n/, $nginx->error_log . QwenTest::slurp("$root/logs/access.log");

    is($bad, undef, "$name: no alert and no secret in the logs");
}


# A call of the administrator: status, JSON, headers; the body is an object, or
# text as it is.

sub admin {
    my ($method, $path, $body, %headers) = @_;

    $body = json()->encode($body) if ref $body;

    my ($status, $content, $headers) = api($method, "/api/$path", $body, Authorization => "Bearer $Key->{admin}", %headers);
    my $json = eval { json()->decode($content) };

    return wantarray ? ($status, $json, $headers, $content) : $status;
}

sub expect {
    my ($method, $path, $body, $status, $like, $name) = @_;

    my ($got, $json, undef, $content) = admin($method, $path, $body);

    is($got, $status, $name);
    like($content, $like, "$name: $content") if defined $like && $content !~ $like;

    return $json;
}


# What a client at another address gets, so that the guard knows it apart.

sub other {
    my ($address, $method, $path, $body, %headers) = @_;

    my $http = HTTP::Tiny->new(local_address => $address, timeout => 10);
    my $res = $http->request($method, 'http://127.0.0.1:' . port() . $path,
                             { headers => \%headers, defined $body ? (content => $body) : () });

    return ($res->{status}, $res->{content}, $res->{headers});
}


# Sends bytes; reads until the connection ends, or an answer is complete.

sub connection {
    my ($text) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => port(), Timeout => 10) or die "connect: $!";
    local $SIG{PIPE} = 'IGNORE';

    $socket->syswrite($text);

    return $socket;
}

sub raw {
    my ($text, $end) = @_;

    my $socket = connection($text);
    my $data = '';

    while (sysread $socket, $data, 65536, length $data) {
        last if $end && $data =~ $end;
    }

    return $data;
}

sub request {
    my ($method, $path, $headers, $body) = @_;

    return "$method /api/$path HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
           . "Authorization: Bearer $Key->{admin}\r\n$headers\r\n" . ($body // '');
}


# The values that all workers show.

sub everywhere {
    my ($call) = @_;

    my (%pid, %value);

    for (1 .. 200) {
        my ($value, $headers) = $call->();
        $value{$value // 'none'}++;
        $pid{ $headers->{'x-worker'} }++;
        last if keys %pid == 4 && $_ >= 12;
    }

    return (scalar keys %pid) . ' workers: ' . join ', ', sort keys %value;
}

sub models {
    my (undef, $content, $headers) = api(GET => '/v1/models');

    return (scalar(grep { $_->{id} =~ /-thinking$/ } @{ json()->decode($content)->{data} }) ? 'all' : 'base', $headers);
}

sub with_key { my ($key) = @_; return sub { (api(GET => '/v1/models', undef, Authorization => "Bearer $key"))[0, 2] } }

sub emails { return join ' ', sort map { $_->{email} =~ s/\@example\.com//r } @{ $_[0]{data} } }

sub stored { return json()->decode(QwenTest::slurp($file)) }

sub stored_emails { return join ' ', sort map { $_->{email} =~ s/\@example\.com//r } @{ stored()->{accounts} } }

sub listed { my ($query) = @_; return emails((admin(GET => 'getAllAccounts' . ($query // '')))[1]) }

sub add { my ($name, $password) = @_; return admin(POST => 'setAccount', { email => "$name\@example.com", password => $password // "p-$name-5ecret" }) }

sub chats { my ($n) = @_; return join ' ', map { scalar api(POST => '/v1/chat/completions', {}) } 1 .. $n }

# A token that the upstream has given out.

sub token {
    my ($name, $life) = @_;

    my $body = { email => "$name\@example.com", password => "p-$name-5ecret" };

    sim()->control(POST => 'accounts', { accounts => [{ %$body, token_life => $life }] });

    my $res = HTTP::Tiny->new->post('http://127.0.0.1:' . sim()->port . '/api/v1/auths/signin',
                                    { content => json()->encode($body), headers => { 'Content-Type' => 'application/json' } });

    return json()->decode($res->{content})->{token};
}

sub data_file { return json()->encode({ defaultHeaders => undef, defaultCookie => undef, accounts => \@_, settings => {} }) }


subtest 'who may call it' => sub {
    my $nginx = begin(workers => 1);

    ok($nginx->ready, 'ready');

    for my $path ('getAllAccounts', 'none', 'settings?reveal=true') {
        my ($status, $content, $headers) = other('127.0.0.9', GET => "/api/$path");

        is("$status $content", '401 {"error":"Unauthorized"}', "$path: no key");
        is($headers->{'cache-control'}, 'no-store', 'not to be stored');
        is($headers->{'access-control-allow-origin'}, undef, 'not for pages from elsewhere');

        ($status, $content) = api(GET => "/api/$path");
        is("$status $content", '403 {"error":"Admin access required"}', "$path: a normal key");
    }

    my ($status, $content, $headers) = api(OPTIONS => '/api/settings', undef, Origin => 'http://elsewhere.example',
                                           'Access-Control-Request-Method' => 'GET', Authorization => "Bearer $Key->{admin}");

    is($status, 405, 'no preflight');
    is((join ' ', grep { /^access-control/ } keys %$headers), '', 'no CORS headers');

    ($status, undef, $headers) = admin(GET => 'settings');
    is("$status $headers->{'content-type'} $headers->{'cache-control'}", '200 application/json no-store', 'the right key');
    is((join ' ', grep { /^access-control/ } keys %$headers), '', 'no CORS headers');
    is(scalar admin(GET => 'settings', undef, Authorization => '', 'x-api-key' => $Key->{admin}), 200, 'as x-api-key');

    for my $path ('', 'none', 'settings/', 'settingsx', 'batchTasks/', 'batchTasks/0123456789abcdef', 'batchTasks/../settings.') {
        my ($status, $json) = admin(GET => $path);
        is($status, 404, "404: $path");
        ok(!ref $json->{error} && length $json->{error}, 'with a string');
    }

    for (['POST', 'getAllAccounts', 'GET, HEAD'], ['GET', 'setAccount', 'POST'], ['POST', 'deleteAccount', 'DELETE'], ['PUT', 'settings', 'GET, HEAD']) {
        my ($method, $path, $allow) = @$_;
        my ($status, $json, $headers) = admin($method, $path, {});

        is("$status $headers->{allow}", "405 $allow", "405: $method $path");
        is($json->{error}, 'Method not allowed', 'with a string');
    }

    for my $path (qw( getAllAccounts settings accountStats statsHistory keys )) {
        my $answer = raw(request(HEAD => $path, ''));
        like($answer, qr/\AHTTP\/1\.1 200 .*\r\n\r\n\z/s, "HEAD $path");
    }

    finish($nginx, 'levels');
};


subtest 'bodies' => sub {
    my $nginx = begin(workers => 1, server => "client_body_temp_path $root/client_body_temp; client_max_body_size 32m; $server");

    ok($nginx->ready, 'ready');

    for my $body ('{', '[]', '[{"email":"a","password":"b"}]', '1', '"x"', 'null', '{"email":"a"} x', "{\"email\":\"a\xff\",\"password\":\"b\"}",
                  '{"a":' x 1000 . '1' . '}' x 1000, '[' x 100000)
    {
        my ($status, $json) = admin(POST => 'setAccount', $body);
        is($status, 400, '400: ' . substr($body, 0, 40) =~ s/\xff/?/r);
        like($json->{error}, qr/must be/, 'with a reason');
    }

    for my $body ('', '{}', '{"email":"a@b.c"}', '{"password":"x"}', '{"email":1,"password":"x"}', '{"email":"","password":"x"}',
                  '{"email":null,"password":null}', '{"email":["a"],"password":"x"}', json()->encode({ email => 'x' x 255, password => 'x' }),
                  json()->encode({ email => 'x', password => 'x' x 1025 }))
    {
        is(scalar admin(POST => 'setAccount', $body), 400, '400: ' . substr $body, 0, 40);
    }

    my $answer = raw(request(POST => 'setAccounts', "Content-Length: 5000000\r\n", '{'), qr/"\}\z/);
    like($answer, qr/\AHTTP\/1\.1 413 .*"error":"The body is larger than 4 MB"/s, 'a long body is refused before it comes');

    my $piece = 'x' x 65536;
    $answer = raw(request(POST => 'setAccounts', "Transfer-Encoding: chunked\r\n", "10000\r\n$piece\r\n" x 80 . "0\r\n\r\n"));
    like($answer, qr/\AHTTP\/1\.1 413 .*"error":"The body is larger than 4 MB"/s, 'a long one in chunks as well');

    my $text = json()->encode({ email => 'big@example.com', password => 'big-5ecret', other => 'x' x 2_000_000 });
    is(scalar admin(POST => 'setAccount', $text), 200, 'a body in a temporary file');

    $text = join '', map { sprintf "%x\r\n%s\r\n", length, $_ } json()->encode({ email => 'chunked@example.com', password => 'ch-5ecret' }) =~ /(.{1,7})/gs;
    like(raw(request(POST => 'setAccount', "Transfer-Encoding: chunked\r\n", "${text}0\r\n\r\n")), qr/\AHTTP\/1\.1 200 /, 'a body in chunks');
    is(listed(), 'ann big chunked', 'both accounts are there');

    finish($nginx, 'bodies');
};


subtest 'an account is added and deleted' => sub {
    my $nginx = begin(accounts => ['ann']);

    ok($nginx->ready, 'ready');

    my %password = (colon => 'a:b:5ecret', comma => 'a,b 5ecret,', quote => '5ecret "\'\\ {}', unicode => "5ecret \x{fc}\x{6f22}\x{1f600}", control => "5ecret\t\n\x01");

    for my $name (sort keys %password) {
        my ($status, $json) = add($name, $password{$name});

        is($status, 200, "$name is added");
        is($json->{email}, "$name\@example.com", 'and named');
        is((stored()->{accounts}[-1] // {})->{password}, $password{$name}, 'and kept when it is told');
        is((grep { $_->{email} eq "$name\@example.com" } sim()->requests('signin'))[0]{body}{email}, "$name\@example.com", 'it has signed in');
    }

    my ($status, $json) = add('colon');
    is($status, 409, 'a second time it is refused');

    ($status, $json) = add('ann');
    is($status, 409, 'as one of the configuration');

    sim()->control(POST => 'accounts', { accounts => [{ email => 'strict@example.com', password => 'right-5ecret' }] });
    ($status, $json) = add('strict', 'other-5ecret');
    is($status, 401, 'a wrong password: 401');
    like($json->{error}, qr/refuses/, 'with the reason');

    for my $fault ('500', 'wall-html-200', 'empty-body') {
        sim()->next({ on => 'signin', fault => $fault }, { email => 'new@example.com' });
        ($status, $json) = add('new');
        is($status, 502, "$fault: 502");
        like($json->{error}, qr/^The sign-in failed: \w+$/, 'with the reason');
    }

    is(listed(), 'ann colon comma control quote unicode', 'those that could not sign in are not there');
    is(stored_emails(), listed(), 'nor in the file');

    $nginx->restart;
    is(listed(), 'ann colon comma control quote unicode', 'all are there after a restart');

    my $rows = (admin(GET => 'getAllAccounts?reveal=true'))[1]{data};
    is_deeply({ map { $_->{email} =~ s/@.*//r => $_->{password} } grep { $_->{source} eq 'store' } @$rows }, \%password, 'with their passwords');
    is(sim()->accounts->{"$_\@example.com"}{signins}, 1, "$_ was not signed in again") for 'ann', sort keys %password;

    is(scalar admin(DELETE => 'deleteAccount', { email => 'colon@example.com' }), 200, 'one is deleted');
    is(stored_emails(), 'ann comma control quote unicode', 'from the file as well');
    is(scalar admin(DELETE => 'deleteAccount', { email => 'colon@example.com' }), 404, 'a second time: 404');
    ($status, $json) = admin(DELETE => 'deleteAccount', { email => 'ann@example.com' });
    is($status, 409, 'one of the configuration: 409');
    like($json->{error}, qr/qwen_account/, 'names the directive');
    is(scalar admin(DELETE => 'deleteAccount', {}), 400, 'none: 400');

    $json = expect(POST => 'deleteAccounts', { emails => [map { "$_\@example.com" } qw( comma control none ann )] }, 200, undef, 'several are deleted');
    is("$json->{deleted} $json->{notFound} $json->{configured}", '2 1 1', 'and counted');
    is(scalar admin(POST => 'deleteAccounts', $_), 400, "400: $_") for '{}', '{"emails":[]}', '{"emails":"a"}', '{"all":"true"}', '{"all":false}';
    $json = expect(POST => 'deleteAccounts', { all => $true }, 200, undef, 'all are deleted');
    is("$json->{deleted} $json->{configured}", '2 1', 'but that of the configuration');
    is(stored_emails(), 'ann', 'in the file as well');

    $nginx->restart;
    is(listed(), 'ann', 'none comes back');
    finish($nginx, 'accounts');
};


subtest 'a client that leaves does not end what it has begun' => sub {
    my $nginx = begin(workers => 1);

    ok($nginx->ready, 'ready');

    for my $path ('setAccount', 'setAccounts') {
        my $name = lc $path;
        my $body = json()->encode({ email => "$name\@example.com", password => 'p-5ecret', accounts => "$name\@example.com:p-5ecret" });

        sim()->next({ on => 'signin', delay => 400 }, { email => "$name\@example.com" });

        my $socket = connection(request(POST => $path, 'Content-Length: ' . length($body) . "\r\n", $body));

        ok(poll(sub { grep { $_->{email} eq "$name\@example.com" } sim()->requests('signin') }), "$path: the sign-in runs");
        close $socket;
        ok(poll(sub { listed() =~ /\b$name\b/ }), 'the account comes');
        ok(poll(sub { stored_emails() =~ /\b$name\b/ }), 'and is kept');
    }

    my $body = json()->encode({ email => 'late@example.com', password => 'p-5ecret' });
    sim()->next({ on => 'signin', delay => 700 }, { email => 'late@example.com' });
    my $socket = connection(request(POST => 'setAccount', 'Content-Length: ' . length($body) . "\r\n", $body));
    ok(poll(sub { grep { $_->{email} eq 'late@example.com' } sim()->requests('signin') }), 'the sign-in runs');

    my $start = time;
    my $answer = '';
    $nginx->signal('QUIT');
    1 while sysread $socket, $answer, 65536, length $answer;
    like($answer, qr/\AHTTP\/1\.1 200 /, 'an nginx that ends answers first');
    cmp_ok(time - $start, '<', 5, 'soon');
    close $socket;
    $nginx->restart;
    is(listed(), 'ann late setaccount setaccounts', 'all are there after a restart');
    finish($nginx, 'clients that leave');
};


subtest 'accounts are listed, searched and sorted' => sub {
    my $now = int time;
    my $nginx = begin(data => sub {
        map { { email => "$_->[0]\@example.com", password => "p-$_->[0]-5ecret", token => token($_->[0], $_->[1]), expires => $now + $_->[1], %{ $_->[2] // {} } } }
            ['Dora', 900000], ['bob', 700000, { ngx_qwen => { challenged => $true, cooldowns => { chat => ($now + 600) } } }],
            ['cyd', 800000, { ngx_qwen => { cooldowns => { chat => $now + 500 } } }],
            ['eve', 9000], ['flo', 600000, { ngx_qwen => { lastErrorAt => $now - 10, lastError => 'outage' } }] });

    ok($nginx->ready, 'ready');

    my ($status, $json, undef, $content) = admin(GET => 'getAllAccounts');

    is("$json->{total} $json->{page} $json->{pageSize}", '6 1 1000', 'the usual page');
    is_deeply([sort keys %{ $json->{data}[0] }], [qw( email expires password source stats status token )], 'members of a row');
    unlike($content, qr/5ecret|eyJ/, 'no secret');
    is($_->{password} . $_->{token}, $hidden x 4, "$_->{email} is masked") for @{ $json->{data} };

    my %state = (Dora => 'active', bob => 'challenged', cyd => 'cooldown', eve => 'token_expiring', flo => 'warn', ann => 'active');
    my %row = map { $_->{email} =~ s/@.*//r => $_ } @{ $json->{data} };

    ok(abs($row{ann}{expires} - time - 21600) < 120, 'expires in seconds');
    $state{ann} = 'token_expiring' if $row{ann}{status}{kind} eq 'token_expiring';
    is($row{$_}{status}{kind}, $state{$_}, "$_ is $state{$_}") for sort keys %state;
    is($row{flo}{status}{lastErrorCode} . $row{flo}{status}{lastErrorAt}, 'outage' . ($now - 10) * 1000, 'the last failure');
    ok(abs($row{cyd}{status}{cooldownEndsAt} - ($now + 500) * 1000) < 3000, 'the end of a rest');
    is($row{Dora}{status}{cooldownEndsAt}, undef, 'none');


    for my $kind (qw( active challenged cooldown warn token_expiring )) {
        is(listed("?state=$kind"), join(' ', sort grep { $state{$_} eq $kind } keys %state), "state=$kind");
    }

    is(listed('?search=DOR'), 'Dora', 'search, whatever the case');
    is(listed('?search=%40example.COM&state=cooldown'), 'cyd', 'search and state');
    is(listed('?search=nobody'), '', 'nothing found');

    my $order = sub { join ' ', map { $_->{email} =~ s/@.*//r } @{ (admin(GET => "getAllAccounts?$_[0]"))[1]{data} } };

    is($order->('sort=email'), 'Dora ann bob cyd eve flo', 'by address');
    is($order->('sort=email&order=desc'), 'flo eve cyd bob ann Dora', 'the other way');
    is($order->('sort=expires'), 'eve ann flo bob cyd Dora', 'by the end of the token');
    is($order->('sort=state&order=desc') =~ s/ .*//r, 'bob', 'by state');
    is($order->('pageSize=2&page=2&sort=email'), 'bob cyd', 'a page');
    is($order->('pageSize=4&page=2&sort=email&order=desc'), 'ann Dora', 'the last page');
    is($order->('pageSize=4&page=9'), '', 'a page behind the end');

    for my $query ('page=0', 'page=-1', 'page=x', 'pageSize=0', 'pageSize=1e3', 'page=99999999999999999999', 'state=none', 'sort=none', 'order=up') {
        ($status, $json) = admin(GET => "getAllAccounts?$query");
        is($status, 400, "400: $query");
        like($json->{error}, qr/must be/, 'with a reason');
    }

    ($status, $json) = admin(GET => 'getAllAccounts?reveal=true&search=bob');
    is($json->{data}[0]{password}, 'p-bob-5ecret', 'revealed');
    like($json->{data}[0]{token}, qr/^eyJ/, 'the token as well');
    like($nginx->error_log, qr/secrets are revealed to the administrator/, 'which is logged');
    ($status, $json) = admin(GET => "getAllAccounts?reveal=$_&search=bob"), is($json->{data}[0]{password}, $hidden x 2, "reveal=$_") for 'false', '1', 'TRUE';

    finish($nginx, 'list');
};


subtest 'many accounts are added' => sub {
    my $nginx = begin(accounts => ['ann'], sim => { behaviours => [{ on => 'signin', delay => 100 }] });

    ok($nginx->ready, 'ready');

    my @members = sort qw( taskId status message total valid skipped invalid processed completed pending success failed progress concurrency
                           activeEmails failedEmails recentResults createdAt startedAt finishedAt );
    my $counts = sub { join ' ', @{ $_[0] }{qw( status total valid skipped invalid processed completed pending success failed progress )} };

    my $text = "a1\@example.com:x:y,5ecret\r\n\n  a2\@example.com:p-5ecret  \nnone\n:x\na3\@example.com:\nann\@example.com:p-5ecret\n"
               . "a1\@example.com:again-5ecret\na4\@example.com:wrong";

    my ($status, $json) = admin(POST => 'setAccounts', { accounts => $text });

    is($status, 200, 'all is done when it is told');
    is_deeply([sort keys %$json], \@members, 'members');
    is($counts->($json), 'completed 8 5 2 3 3 8 0 2 1 100', 'counts');
    is_deeply($json->{failedEmails}, ['a4@example.com'], 'who failed');
    is_deeply([sort map { "$_->{email} $_->{status}" } @{ $json->{recentResults} }],
              ['a1@example.com success', 'a2@example.com success', 'a4@example.com failed'], 'results');
    is(stored_emails(), 'a1 a2 ann', 'kept');
    is((grep { $_->{email} eq 'a1@example.com' } @{ stored()->{accounts} })[0]{password}, 'x:y,5ecret', 'split at the first colon');
    is((grep { $_->{email} eq 'a2@example.com' } @{ stored()->{accounts} })[0]{password}, 'p-5ecret', 'without white space around');

    is(scalar admin(POST => 'setAccounts', $_), 400, "400: $_") for '{}', '{"accounts":""}', '{"accounts":["a:b"]}', '{"accounts":"none"}', '{"accounts":"\n\n"}';

    is(scalar admin(POST => 'setBatchLoginConcurrency', { batchLoginConcurrency => 3 }), 200, 'three at a time');

    ($status, $json) = admin(POST => 'setAccounts', { async => $true, accounts => join "\n", map { "b$_\@example.com:p-5ecret" } 1 .. 30 });
    is($status, 202, 'a task');
    is_deeply([sort keys %$json], \@members, 'members');
    is("$json->{status} $json->{concurrency} $json->{finishedAt}", 'running 3 ' . '', 'it runs') if !defined $json->{finishedAt} && ($json->{finishedAt} = '') eq '';

    my $id = $json->{taskId};
    my (%pid, %progress, $task);

    ok(poll(sub {
        my ($status, $json, $headers) = admin(GET => "batchTasks/$id");
        return 0 if $status != 200;
        $task = $json;
        $pid{ $headers->{'x-worker'} }++;
        $progress{ $json->{progress} }++;
        return $json->{status} eq 'completed' && keys %pid == 4;
    }), 'it ends, and all workers tell so');
    is($counts->($task), 'completed 30 30 0 0 30 30 0 30 0 100', 'counts');
    cmp_ok(scalar keys %progress, '>', 4, 'its progress was told');
    ok($task->{createdAt} <= $task->{startedAt} && $task->{startedAt} < $task->{finishedAt} && $task->{finishedAt} > 1e12, 'times in ms');
    is(scalar @{ $task->{recentResults} }, 12, 'the last results');
    is(scalar(split ' ', stored_emails()), 33, 'all are kept');

    ($status, $json) = admin(POST => 'setAccounts', { async => $true, accounts => join "\n", map { "c$_\@example.com:p-5ecret" } 1 .. 3 });
    sleep 0.25;
    sim()->next({ on => 'signin', delay => 1500 }, { email => 'd2@example.com' });
    ($status, $json) = admin(POST => 'setAccounts', { async => $true, accounts => join "\n", map { "d$_\@example.com:p-5ecret" } 1 .. 3 });
    ok(poll(sub { (admin(GET => "batchTasks/$json->{taskId}"))[1]{success} == 2 }, 1.2), 'the last ones are told one by one');

    finish($nginx, 'batch');
};


subtest 'accounts are signed in again' => sub {
    my $nginx = begin(accounts => [qw( ann bob )]);
    my $signins = sub { sim()->accounts->{"$_[0]\@example.com"}{signins} };
    my $kind = sub { (admin(GET => "getAllAccounts?search=$_[0]"))[1]{data}[0]{status}{kind} };

    ok($nginx->ready, 'ready');

    my $json = expect(POST => 'refreshAccount', { email => 'ann@example.com' }, 200, undef, 'one');
    is($json->{email}, 'ann@example.com', 'is named');
    is($signins->('ann') . $signins->('bob'), '21', 'it alone was signed in');
    is(scalar admin(POST => 'refreshAccount', { email => 'none@example.com' }), 404, 'none: 404');
    is(scalar admin(POST => 'refreshAccount', {}), 400, 'no address: 400');

    for (['rate-limited-429', 'cooldown'], ['challenge-ret', 'challenged']) {
        my ($fault, $state) = @$_;

        sim()->next({ fault => $fault, times => 1 });
        chats(2);
        ok(poll(sub { $kind->('ann') eq $state || $kind->('bob') eq $state }), "$fault: one is $state");

        my ($name) = grep { $kind->($_) eq $state } qw( ann bob );

        is(scalar admin(POST => 'refreshAccount', { email => "$name\@example.com" }), 200, 'it is signed in again');
        isnt($kind->($name), $state, 'and serves');
        sim()->forget;
        is(chats(2), '200 200', 'two chats');
        is(join(' ', sort map { $_->{email} =~ s/@.*//r } sim()->requests('completion')), 'ann bob', 'by both');
    }

    sim()->next({ on => 'signin', fault => '500' }, { email => 'bob@example.com' });
    my $start = time;
    my ($status, undef) = admin(POST => 'refreshAccount', { email => 'bob@example.com' });
    is($status, 500, 'a sign-in that fails is told');
    cmp_ok(time - $start, '<', 5, 'soon');
    is(chats(2), '200 200', 'its old token serves on');

    my $n = sim()->signins;
    $json = expect(POST => 'refreshAllAccounts', {}, 200, undef, 'those whose token ends within a day');
    is("$json->{refreshedCount} $json->{thresholdHours}", '2 24', 'both');
    ok(poll(sub { sim()->signins == $n + 2 }), 'are signed in');
    $json = expect(POST => 'refreshAllAccounts', { thresholdHours => 1 }, 200, undef, 'within an hour');
    is("$json->{refreshedCount} $json->{thresholdHours}", '0 1', 'none');
    is(scalar admin(POST => 'refreshAllAccounts', $_), 400, "400: $_") for '{"thresholdHours":-1}', '{"thresholdHours":"x"}', '{"thresholdHours":1e9}', '{"thresholdHours":null}';
    $json = expect(POST => 'forceRefreshAllAccounts', undef, 200, undef, 'all of them');
    is("$json->{refreshedCount} $json->{totalAccounts}", '2 2', 'both');
    ok(poll(sub { sim()->signins == $n + 4 }), 'are signed in');
    ok($json->{message}, 'there is a message');

    finish($nginx, 'refresh');
};


subtest 'what accounts have served' => sub {
    my $nginx = begin(accounts => [qw( ann bob )]);

    ok($nginx->ready, 'ready');
    is(chats(6), join(' ', (200) x 6), 'six chats');

    my ($status, $json) = admin(GET => 'accountStats');
    my @rows = @{ $json->{accounts} };

    is(scalar @rows, 2, 'two accounts');
    is_deeply([sort keys %{ $rows[0] }], [qw( cliQuotaLimit cliRequestNumber email errors requests stats status )], 'members');
    is_deeply([sort keys %{ $rows[0]{status} }], [qw( cliUnavailableReason cooldownEndsAt kind lastErrorAt lastErrorCode )], 'of the status');
    is(join(' ', map { $_->{requests} } @rows), '3 3', 'requests');
    ok($_->{stats}{chat}{input} > 0 && $_->{stats}{chat}{output} > 0, "$_->{email}: tokens") for @rows;
    is_deeply($rows[0]{stats}{cli}, { calls => 0, input => 0, output => 0 }, 'no calls of the CLI API');
    is($json->{cliQuotaLimit}, 0, 'no limit of those');

    my ($day, $month, $year) = (localtime)[3 .. 5];
    my $today = sprintf '%04d-%02d-%02d', $year + 1900, $month + 1, $day;

    ($status, $json) = admin(GET => 'statsHistory');
    is($json->{today}, $today, 'today');
    is_deeply([map { keys %{ $_->{history} } } @{ $json->{accounts} }], [$today, $today], 'the only day');
    is($json->{accounts}[0]{history}{$today}{chat}{output}, $rows[0]{stats}{chat}{output}, 'with the same counts');

    $nginx->restart;

    ($status, $json) = admin(GET => 'accountStats');
    is_deeply([map { $_->{stats} } @{ $json->{accounts} }], [map { $_->{stats} } @rows], 'they survive a restart');

    sim()->next({ fault => '500' });
    is(chats(1), '200', 'a chat with a failover');
    ($status, $json) = admin(GET => 'accountStats');
    is(eval { my $n = 0; $n += $_->{errors} for @{ $json->{accounts} }; $n }, 1, 'a failure is counted');

    finish($nginx, 'stats');
};


subtest 'settings' => sub {
    my $nginx = begin(accounts => ['ann']);

    ok($nginx->ready, 'ready');

    my ($status, $json, undef, $content) = admin(GET => 'settings');

    is_deeply($json, { adminKey => "$hidden" . 'et', regularKeys => [], autoRefresh => $true, autoRefreshInterval => 21600, batchLoginConcurrency => 5,
                       outThink => $true, legacyReasoningInContent => $false, searchInfoMode => 'table', simpleModelMap => $false,
                       chatRetryCount => 2, chatRetryBackoffMs => 100 }, 'the defaults, masked');
    is((admin(GET => 'settings?reveal=true'))[1]{adminKey}, $Key->{admin}, 'revealed');

    my %wrong = (
        setAutoRefresh => ['{}', '{"autoRefresh":1}', '{"autoRefresh":"true"}', '{"autoRefresh":true,"autoRefreshInterval":59}',
                           '{"autoRefresh":true,"autoRefreshInterval":"x"}', '{"autoRefresh":true,"autoRefreshInterval":1e12}'],
        setOutThink => ['{}', '{"outThink":0}', '{"outThink":null}', '{"outThink":"false"}'],
        setLegacyReasoning => ['{}', '{"legacyReasoningInContent":1}'],
        'search-info-mode' => ['{}', '{"searchInfoMode":"none"}', '{"searchInfoMode":true}', '{"searchInfoMode":"TABLE"}'],
        'simple-model-map' => ['{}', '{"simpleModelMap":"yes"}'],
        setBatchLoginConcurrency => ['{}', map { "{\"batchLoginConcurrency\":$_}" } '0', '21', '-1', '1.5', '"x"', 'true', '1e99', '[]'],
        setRetryConfig => ['{}', '{"chatRetryCount":1}', '{"chatRetryCount":11,"chatRetryBackoffMs":1}', '{"chatRetryCount":-1,"chatRetryBackoffMs":1}',
                           '{"chatRetryCount":1,"chatRetryBackoffMs":60001}', '{"chatRetryCount":1,"chatRetryBackoffMs":null}'],
    );

    for my $route (sort keys %wrong) {
        for my $body (@{ $wrong{$route} }) {
            my ($status, $json) = admin(POST => $route, $body);
            is($status, 400, "400: $route $body");
            like($json->{error}, qr/^"\w+" must be/, 'with a reason');
        }
    }

    is_deeply((admin(GET => 'settings'))[1], $json, 'nothing of it was taken');

    is(everywhere(\&models), '4 workers: all', 'lists of models with all names');

    my @right = ([setAutoRefresh => { autoRefresh => $false, autoRefreshInterval => 600 }], [setOutThink => { outThink => $true }],
                 [setLegacyReasoning => { legacyReasoningInContent => $true }], ['search-info-mode' => { searchInfoMode => 'text' }],
                 ['simple-model-map' => { simpleModelMap => $true }], [setBatchLoginConcurrency => { batchLoginConcurrency => 20 }],
                 [setRetryConfig => { chatRetryCount => 0, chatRetryBackoffMs => 7 }]);

    for (@right) {
        my ($route, $values) = @$_;
        my $answer = expect(POST => $route, $values, 200, undef, $route);

        ok($answer->{persisted}, 'is kept');
        @$json{ keys %$values } = values %$values;
        is(stored()->{settings}{$_}, $values->{$_}, "$_ is in the file") for keys %$values;
    }

    is(everywhere(\&models), '4 workers: base', 'all workers know it at once');
    is(everywhere(sub { my (undef, $json, $headers) = admin(GET => 'settings'); (json()->encode($json), $headers) }),
       '4 workers: ' . json()->encode($json), 'and show all of them');

    my $think = sub { { enable_thinking => $true, chat_type => 'search', messages => [{ role => 'user', content => '[[sim:{"thinking":"thought","text":"said"}]]' }] } };
    my $said = sub { my $path = $_[0] // '/v1/chat/completions'; answer((api(POST => $path, $think->()))[1]) };

    like($said->()->{text}, qr/\A<think>.*\[1\] \[.*thought.*<\/think>\nsaid/s, 'thinking in the text, sources as a list');
    like($said->('/pinned/chat/completions')->{text}, qr/\A<think>\n\n\| /, 'a directive of a location wins');
    like((api(GET => '/pinned/models'))[1], qr/-thinking"/, 'for the list of models as well');
    sim()->next({ fault => '500' });
    is(chats(1), '502', 'no second attempt');

    $nginx->restart;

    is_deeply((admin(GET => 'settings'))[1], $json, 'all are there after a restart');
    is(everywhere(\&models), '4 workers: base', 'and in effect');

    ok($nginx->reload(v1 => "$worker qwen_models_variants on;"), 'a reload with a directive');
    is(everywhere(\&models), '4 workers: all', 'which wins');
    is((admin(GET => 'settings'))[1]{simpleModelMap}, $true, 'the setting is as it was');

    is(scalar admin(POST => 'setOutThink', { outThink => $false }), 200, 'no thinking');
    is($said->()->{text} . ($said->()->{reasoning} // ''), $said->()->{text}, 'none is shown');
    unlike($said->()->{text}, qr/thought/, 'nor in the text');
    is(scalar admin(POST => 'setRetryConfig', { chatRetryCount => '10', chatRetryBackoffMs => '60000' }), 200, 'numbers as strings, the highest');
    is(scalar admin(POST => 'setRetryConfig', { chatRetryCount => 1, chatRetryBackoffMs => 0 }), 200, 'the lowest');

    finish($nginx, 'settings');
};


subtest 'keys' => sub {
    my $nginx = begin(accounts => ['ann']);

    ok($nginx->ready, 'ready');

    my $key = 'sk-added-5ecret-0123456789';

    is(everywhere(with_key($key)), '4 workers: 401', 'not a key yet');

    my ($status, $json, undef, $content) = admin(POST => 'addRegularKey', { apiKey => $key, name => 'team.a' });
    is("$status $json->{persisted}", '200 1', 'added');
    unlike($content, qr/5ecret/, 'and not told again');
    is(everywhere(with_key($key)), '4 workers: 200', 'all workers know it');
    is(scalar api(POST => '/v1/chat/completions', {}, Authorization => "Bearer $key"), 200, 'it chats');
    is((api(GET => '/api/settings', undef, Authorization => "Bearer $key"))[0], 403, 'but is no administrator');

    is(scalar admin(POST => 'addRegularKey', { apiKey => $key }), 409, 'again: 409');
    is(scalar admin(POST => 'addRegularKey', { apiKey => $Key->{user} }), 409, 'a key of the configuration: 409');
    is(scalar admin(POST => 'addRegularKey', { apiKey => 'sk-other-5ecret', name => 'team.a' }), 409, 'a name that is taken: 409');
    is(scalar admin(POST => 'addRegularKey', { apiKey => 'sk-other-5ecret', name => 'user' }), 409, 'by the configuration: 409');
    is(scalar admin(POST => 'addRegularKey', $_), 400, '400: ' . s/5ecret//r)
        for '{"apiKey":""}', '{"apiKey":1}', '{"apiKey":"a b"}', '{"apiKey":"a,b"}', '{"apiKey":"\u00fc"}', '{"apiKey":null}', '{"name":"a b"}', '{"name":""}',
            '{"name":7}', json()->encode({ apiKey => 'x' x 513 }), json()->encode({ name => 'x' x 65 });

    ($status, $json) = admin(POST => 'addRegularKey', {});
    my $made = $json->{apiKey};
    is($status, 200, 'one is made');
    like($made, qr/^sk-[0-9a-f]{48}$/, 'and told once');
    is(everywhere(with_key($made)), '4 workers: 200', 'all workers know it');

    ($status, $json, undef, $content) = admin(GET => 'keys');
    unlike($content, qr/5ecret|\Q$made/, 'no key in the list');
    is(join(' ', sort map { "$_->{name}:$_->{source}:" . ($_->{admin} ? 1 : 0) } grep { $_->{name} !~ /^key-/ } @$json),
       'admin:configuration:1 team.a:store:0 user:configuration:0', 'the list') or note($content);
    my ($unnamed) = grep { $_->{name} =~ /^key-[0-9a-f]{8}$/ } @$json;
    is($unnamed->{masked}, substr($made, 0, 4) . $hidden . substr($made, -4), 'masked');
    ok(abs($unnamed->{createdAt} / 1000 - time) < 60, 'with its time');

    ($status, $json) = admin(GET => 'settings');
    is_deeply($json->{regularKeys}, [map { substr($_, 0, 4) . $hidden . substr($_, -4) } $key, $made], 'settings show them masked');
    is_deeply((admin(GET => 'settings?reveal=true'))[1]{regularKeys}, [$key, $made], 'or revealed');

    $nginx->restart;
    is(everywhere(with_key($key)), '4 workers: 200', 'they survive a restart');

    is(scalar admin(POST => 'deleteRegularKey', { apiKey => $Key->{admin} }), 403, "the administrator's: 403");
    is(scalar admin(POST => 'deleteRegularKey', { apiKey => $Key->{user} }), 409, 'one of the configuration: 409');
    is(scalar admin(POST => 'deleteRegularKey', { apiKey => 'none' }), 404, 'none: 404');
    is(scalar admin(POST => 'deleteRegularKey', {}), 400, 'nothing: 400');
    ($status, $json) = admin(POST => 'deleteRegularKey', { apiKey => $key });
    is("$status $json->{persisted}", '200 1', 'one is deleted');
    is(everywhere(with_key($key)), '4 workers: 401', 'no worker knows it');
    is(scalar admin(POST => 'deleteRegularKey', { apiKey => substr($made, 0, 4) . $hidden . substr($made, -4) }), 200, 'the other as it is shown');
    is(everywhere(with_key($made)), '4 workers: 401', 'no worker knows it');

    admin(POST => 'addRegularKey', { apiKey => "sk-x-5ecret-$_-123456789012" }) for 1, 2;
    is(scalar admin(POST => 'deleteRegularKey', { apiKey => "sk-x${hidden}9012" }), 404, 'what may be two is not deleted');

    $nginx->restart;
    is(everywhere(with_key($made)), '4 workers: 401', 'none comes back');
    unlike($nginx->error_log, qr/\Q$made/, 'a key that was made is in no log');
    finish($nginx, 'keys');
};


subtest '/verify' => sub {
    my $nginx = begin(workers => 1);

    ok($nginx->ready, 'ready');

    my $verify = sub { my @answer = other($_[1] // '127.0.0.1', POST => '/verify', $_[0], 'Content-Type' => 'application/json'); "$answer[0] " . json()->encode(eval { json()->decode($answer[1]) } // $answer[1]) };

    is($verify->(json()->encode({ apiKey => $Key->{admin} })), '200 {"isAdmin":true,"message":"success","status":200}', "the administrator's key");
    is($verify->(json()->encode({ apiKey => $Key->{user} })), '200 {"isAdmin":false,"message":"success","status":200}', 'a normal key');
    is(scalar admin(POST => 'addRegularKey', { apiKey => 'sk-new-5ecret' }), 200, 'a key is added');
    is($verify->(json()->encode({ apiKey => 'sk-new-5ecret' })), '200 {"isAdmin":false,"message":"success","status":200}', 'it is one');
    is($verify->('{"apiKey":"wrong"}'), '401 {"message":"Unauthorized","status":401}', 'a wrong one');
    is($verify->($_, '127.0.0.8'), '401 {"message":"Unauthorized","status":401}', "401: $_") for '{}', '', '{"apiKey":1}', '{"apiKey":null}', '{"apiKey":["x"]}', '{"apiKey":""}';
    like($verify->($_), qr/^400 \{"error":/, "400: $_") for '[]', '{', 'x';
    is((other('127.0.0.1', GET => '/verify'))[0], 405, '405 for GET');
    is((other('127.0.0.1', GET => '/verify'))[2]{allow}, 'POST', 'with Allow');
    is((other('127.0.0.1', POST => '/verify', '{"apiKey":"' . $Key->{admin} . '"}'))[2]{'cache-control'}, 'no-store', 'not to be stored');

    finish($nginx, 'verify');
};


subtest 'guessing is slowed down' => sub {
    my $nginx = begin(workers => 2);

    ok($nginx->ready, 'ready');

    my $try = sub { my ($address, $key) = @_; other($address, GET => '/api/settings', undef, Authorization => "Bearer $key") };

    is(join(' ', map { ($try->('127.0.0.2', "wrong-$_"))[0] } 1 .. 8), '401 401 401 401 401 401 429 429', 'after some wrong keys');

    my ($status, $content, $headers) = $try->('127.0.0.2', $Key->{admin});
    is("$status $headers->{'retry-after'} $headers->{'cache-control'}", '429 1 no-store', 'the right one has to wait, too');
    is(json()->decode($content)->{error}, 'Too many wrong keys, try again later', 'with a reason');
    is((other('127.0.0.2', POST => '/verify', json()->encode({ apiKey => $Key->{admin} })))[0], 429, 'at /verify as well');
    is(($try->('127.0.0.3', $Key->{admin}))[0], 200, 'another address does not');
    ok(poll(sub { ($try->('127.0.0.2', $Key->{admin}))[0] == 200 }, 3), 'after a second it may');
    is(($try->('127.0.0.2', 'wrong'))[0], 401, 'one more wrong one');
    is(($try->('127.0.0.2', $Key->{admin}))[2]{'retry-after'}, 2, 'costs twice as long');

    my @codes = map { (other('127.0.0.5', POST => '/verify', '{"apiKey":"wrong"}'))[0] } 1 .. 8;
    is("@codes", '401 401 401 401 401 401 429 429', 'guesses at /verify count');
    is(join(' ', map { (other('127.0.0.6', GET => '/api/settings'))[0] } 1 .. 8), join(' ', (401) x 8), 'no key at all is no guess');
    is(join(' ', map { (other('127.0.0.7', GET => '/api/settings', undef, Authorization => "Bearer $Key->{user}"))[0] } 1 .. 8), join(' ', (403) x 8), 'nor is a normal one');

    finish($nginx, 'guard');
};


subtest '40 changes at once in 4 workers' => sub {
    my $nginx = begin(accounts => ['ann'], sim => { behaviours => [{ on => 'signin', delay => 30 }] });

    ok($nginx->ready, 'ready');

    my $at_once = sub {
        my @sockets = map { my ($method, $path, $body) = @$_; $body = json()->encode($body);
                            connection(request($method, $path, 'Content-Length: ' . length($body) . "\r\n", $body)) } @_;
        my %n;

        for my $socket (@sockets) {
            my $data = '';
            1 while sysread $socket, $data, 65536, length $data;
            $n{ ($data =~ /\AHTTP\/1\.1 (\d+)/)[0] // 'none' }++;
        }

        return join ' ', map { "$n{$_}x$_" } sort keys %n;
    };

    my $set = sub { [POST => 'setAccount', { email => "$_[0]\@example.com", password => "p-5ecret" }] };
    my $delete = sub { [DELETE => 'deleteAccount', { email => "$_[0]\@example.com" }] };

    is($at_once->(map { $set->("x$_") } 1 .. 40), '40x200', '40 are added');
    is(scalar(split ' ', listed()), 41, 'all are there');
    is(stored_emails(), listed(), 'and kept');

    is($at_once->((map { $set->("y$_") } 1 .. 20), (map { $delete->("x$_") } 1 .. 20)), '40x200', '20 are added and 20 deleted');
    my $expected = join ' ', sort 'ann', (map { "x$_" } 21 .. 40), (map { "y$_" } 1 .. 20);
    is(listed(), $expected, 'as they should be');
    is(stored_emails(), $expected, 'and kept');

    is($at_once->(map { $set->('same') } 1 .. 20), '1x200 19x409', 'the same one 20 times: once');
    is($at_once->(map { $delete->('same') } 1 .. 20), '1x200 19x404', 'and away');
    is($at_once->(map { [POST => 'addRegularKey', { apiKey => "sk-5ecret-$_" }] } 1 .. 40), '40x200', '40 keys');
    is(scalar @{ stored()->{settings}{regularKeys} }, 40, 'are kept');

    $nginx->restart;
    is(listed(), $expected, 'the same after a restart');
    finish($nginx, 'changes at once');
};


subtest '2000 accounts for a slow reader' => sub {
    my $now = int time;
    my $token;
    my $nginx = begin(workers => 1, zone => '16m', accounts => [], http => 'gzip on; gzip_types application/json; send_timeout 10s;',
                      listen => 'sndbuf=16k', data => sub {
        $token = token('user0001', 900000);
        map { { email => sprintf('user%04d@example.com', $_), password => 'p-5ecret', token => $token, expires => $now + 900000 } } 1 .. 2000 });

    my $check = sub {
        my ($name, $text, $list) = @_;
        my $json = eval { json()->decode($text) };
        my @emails = map { $_->{email} } @{ $json->{$list} // [] };

        is(scalar @emails, 2000, "$name: all") or note($@, length $text);
        is("@emails[0, 999, 1999]", 'user0001@example.com user1000@example.com user2000@example.com', 'in order');
    };

    my $slow = sub {
        my ($path, $headers) = @_;
        my $socket = IO::Socket::INET->new(Proto => 'tcp');
        my $data = '';

        setsockopt $socket, SOL_SOCKET, SO_RCVBUF, 4096;
        connect $socket, sockaddr_in(port(), inet_aton('127.0.0.1')) or die $!;
        syswrite $socket, request(GET => $path, $headers);
        sleep 0.3;

        my $n = 0;
        while (sysread $socket, $data, 8192, length $data) { sleep 0.002 if $n++ % 4 == 0 }

        my ($head, $body) = split /\r\n\r\n/, $data, 2;
        $body = QwenTest::Answer::dechunk($body) if $head =~ /chunked/;
        return ($head, $body);
    };

    my ($head, $body) = $slow->('getAllAccounts?pageSize=5000', '');
    $check->('slow', $body, 'data');

    for my $path ('getAllAccounts?pageSize=5000&reveal=true', 'accountStats', 'statsHistory') {
        my ($head, $body) = $slow->($path, "Accept-Encoding: gzip\r\n");
        like($head, qr/content-encoding: gzip/i, "$path: gzip");

        my ($inflate) = Compress::Raw::Zlib::Inflate->new(-WindowBits => Compress::Raw::Zlib::WANT_GZIP());
        my $text = '';
        my $rc = $inflate->inflate($body, $text);
        is(0 + $rc, Compress::Raw::Zlib::Z_STREAM_END(), 'complete');
        $check->($path, $text, $path =~ /data|All/ ? 'data' : 'accounts');
    }

    my $socket = connection(request(GET => 'getAllAccounts?pageSize=5000', ''));
    sysread $socket, $body, 1000;
    close $socket;
    is(scalar admin(POST => 'deleteAccounts', { all => $true }), 200, 'all are deleted, while a reader leaves');
    is(listed(), '', 'none is left');
    is(stored_emails(), '', 'nor in the file');
    finish($nginx, 'a long list');
};


sub locked {
    my ($locked) = @_;

    chmod $locked ? 0500 : 0700, "$root/store" or die $!;
    chown $locked ? 0 : (getpwnam 'nobody')[2], -1, "$root/store" if $> == 0;
}


subtest 'a store that cannot be written' => sub {
    my $nginx = begin(accounts => ['ann']);

    ok($nginx->ready, 'ready');
    is(scalar add('bob'), 200, 'an account');

    my $before = QwenTest::slurp($file);

    locked(1);

    my ($status, $json) = add('cyd');
    is($status, 500, 'a change cannot be kept');
    like($json->{error}, qr/in effect but could not be saved/, 'which is told');
    is(QwenTest::slurp($file), $before, 'the file is as it was');
    locked(0);
    ok(poll(sub { stored_emails() eq 'ann bob cyd' }), 'it is kept when it can be');

    $before = QwenTest::slurp($file);
    locked(1);
    is(scalar admin(DELETE => 'deleteAccount', { email => 'bob@example.com' }), 500, 'another');
    is(scalar admin(POST => 'setOutThink', { outThink => $false }), 500, 'a setting');
    is(scalar admin(POST => 'addRegularKey', { apiKey => 'sk-5ecret-ro' }), 500, 'a key');
    is((admin(POST => 'setAccounts', { accounts => 'dan@example.com:p-5ecret' }))[0], 500, 'several accounts');
    is(listed(), 'ann cyd dan', 'but is in effect');
    is(QwenTest::slurp($file), $before, 'the file is as it was');
    is(chats(2), '200 200', 'chats go on');

    locked(0);

    is(scalar add('eve'), 200, 'the next one is kept at once, with all of them');
    is(stored_emails(), 'ann cyd dan eve', 'accounts');
    is(stored()->{settings}{outThink}, $false, 'setting');
    finish($nginx, 'read-only', qr/\[crit\].*could not save/);
};


SKIP: {
    mkdir "$root-disk";
    skip 'no file system can be mounted', 1 if $> != 0 || system("mount -t tmpfs -o size=64k tmpfs $root-disk 2>/dev/null") != 0;

    subtest 'a disk that is full' => sub {
        my $nginx = begin(workers => 2, http => '');

        $nginx->stop;
        $nginx->launch(http => "qwen_store file $root-disk/data.json;");

        my $stored = sub { json()->decode(QwenTest::slurp("$root-disk/data.json")) };

        ok(poll(sub { listed() eq 'ann' }), 'ready');
        is(scalar add('bob'), 200, 'an account');
        my $before = QwenTest::slurp("$root-disk/data.json");
        open my $out, '>', "$root-disk/ballast" or die $!;
        syswrite $out, 'x' x 4096 or last for 1 .. 100;
        close $out;

        my ($status, $json) = add('cyd');
        is($status, 507, 'a change cannot be kept');
        like($json->{error}, qr/no space is left/, 'which is told');
        is(QwenTest::slurp("$root-disk/data.json"), $before, 'the file is as it was');
        unlink "$root-disk/ballast";
        ok(poll(sub { @{ $stored->()->{accounts} } == 3 }, 30), 'it is kept when there is room');
        is(scalar add('dan'), 200, 'and the next one at once');
        finish($nginx, 'full', qr/\[crit\].*could not save/);
    };

    system("umount $root-disk");
}

rmdir "$root-disk";


subtest 'a file that somebody else has changed' => sub {
    my $nginx = begin(accounts => ['ann']);

    ok($nginx->ready, 'ready');
    is(scalar add('bob'), 200, 'an account');

    my $data = stored();
    push @{ $data->{accounts} }, { email => 'hand@example.com', password => 'p-5ecret', note => 'mine' };
    $data->{extra} = { a => [1] };
    my $text = json()->encode($data);
    QwenTest::Nginx::write_file('store/data.json', $text);

    my ($status, $json) = add('cyd');
    is($status, 503, 'a change is refused');
    like($json->{error}, qr/takes no changes/, 'with the reason');
    is(scalar admin(POST => 'setOutThink', { outThink => $false }), 503, 'a setting');
    is(scalar admin(DELETE => 'deleteAccount', { email => 'bob@example.com' }), 503, 'a deletion');
    is(QwenTest::slurp($file), $text, 'the file is as it was left');
    like($nginx->error_log, qr/was changed by another process/, 'which is logged');
    is(chats(2), '200 200', 'chats go on');

    ok($nginx->reload, 'a reload');
    ok(poll(sub { listed() eq 'ann bob hand' }), 'takes it in');
    is(scalar add('cyd'), 200, 'and changes are taken again');
    is(stored_emails(), 'ann bob cyd hand', 'in the file');
    is_deeply(stored()->{extra}, { a => [1] }, 'what is not known is kept');
    is((grep { $_->{email} eq 'hand@example.com' } @{ stored()->{accounts} })[0]{note}, 'mine', 'of an account as well');

    QwenTest::Nginx::write_file('store/data.json', '{"accounts":[');
    $nginx->reload;
    is(QwenTest::slurp($file), '{"accounts":[', 'a broken one is left as it is');
    is(scalar add('dan'), 503, 'no changes');
    is(chats(2), '200 200', 'chats go on');
    like($nginx->error_log, qr/cannot use.*line 1/, 'the place is logged');

    finish($nginx, 'hand edit', qr/\[emerg\].*cannot use/);
};


done_testing();
