# What is kept in a file: read at the start, written while nginx runs and when
# it ends, never lost and never overwritten when it is another's.

use strict;
use warnings;

use lib 't/lib';
use QwenTest;
use QwenTest::Nginx;
use File::Path qw( make_path remove_tree );
use File::Temp qw( tempdir );
use Test::More;
use Time::HiRes qw( sleep time );

my ($true, $false) = (JSON::PP::true(), JSON::PP::false());

# workers that are not root must get there
my $place = tempdir(CLEANUP => 1);
chmod 0755, $place;

my $dir = "$place/data";
my $file = "$dir/data.json";
my $user = $> == 0 ? (getpwnam 'nobody')[2] : $>;

my %Seal = (old => 'ab' x 32, new => 'cd' x 32, other => 'ef' x 32);


# Each subtest begins with no file, or with the one that is given.

sub fresh {
    my ($data) = @_;

    sim()->reset;
    remove_tree($dir);

    return if !defined $data;

    make_path($dir);
    put($data);
}

sub put {
    my ($data, $path) = @_;

    $path //= $file;

    open my $out, '>', "$path.new" or die "$path: $!";
    print $out ref $data ? JSON::PP->new->utf8->pretty->canonical->encode($data) : $data;
    close $out;
    rename "$path.new", $path or die "$path: $!";
}

sub bytes { return QwenTest::slurp($file) }
sub data { return json()->decode(bytes()) }
sub kept { my ($name) = @_; my ($account) = grep { $_->{email} eq "$name\@example.com" } @{ data()->{accounts} }; return $account }
sub names { return join ' ', sort map { $_->{email} =~ s/@.*//r } @{ data()->{accounts} } }
sub account { my ($name, %more) = @_; return { email => "$name\@example.com", password => "p-$name-5ecret", token => undef, expires => undef, %more } }
sub accounts { return { accounts => [map { account($_) } @_] } }

# Requests that are kept of all days, for midnight may come at any time.

sub requests {
    my ($name) = @_;

    my $n = 0;
    $n += $_->{requests} for values %{ kept($name)->{ngx_qwen}{days} // {} };
    return $n;
}

sub options {
    my (%option) = @_;

    my $key = $option{key} ? " key_file=$option{key}" : '';

    return (accounts => [], %option, http => ($option{http} // '') . "\nqwen_store file $file$key;\n");
}

sub begin { return QwenTest::Nginx->start(options(@_)) }
sub refused { return QwenTest::Nginx->refusal(options(@_)) }

sub finish {
    my ($nginx, $name, $may) = @_;

    $nginx->stop('QUIT');
    check_log($nginx, $name, $may);
    ok(!-e "$file.tmp", "$name: nothing is left beside the file");
}

sub check_log {
    my ($nginx, $name, $may) = @_;

    $may //= qr/\A\z/;

    my ($bad) = grep { /\[(?:error|alert|crit|emerg)\]/ || /$QwenTest::Secret/ }
                    grep { !/exited on signal 9|sched_setaffinity/ && !/$may/ }
                    split /\n/, $nginx->error_log;

    is($bad, undef, "$name: no error and no secret in the log");
}

sub chat { return scalar api(POST => '/v1/chat/completions', {}) }

# So many sign-ins were made, and the models are there.

sub ready {
    my ($n) = @_;

    return poll(sub { sim()->signins >= $n && api(GET => '/models') == 200 });
}

sub signins { return { map { s/@.*//r => sim()->accounts->{$_}{signins} } keys %{ sim()->accounts } } }
sub count { my ($nginx, $what) = @_; my $n = () = $nginx->error_log =~ /$what/g; return $n }
sub tokens { return scalar grep { $_->{token} } @{ data()->{accounts} } }


subtest 'a file of Qwen2API just works, and keeps what is not known' => sub {
    my %settings = (autoRefresh => $false, autoRefreshInterval => 3600, outThink => $true, simpleModelMap => $false,
                    searchInfoMode => 'text', chatRetryCount => 3, apiKeys => ['sk-0'], adminKey => 'sk-other-5ecret',
                    regularKeys => ['sk-file-one-5ecret', { key => 'sk-file-two-5ecret', name => 'two', note => 'x' }]);

    fresh({ defaultHeaders => undef, defaultCookie => 'a=b', version => { a => [1, { b => '2' }] }, settings => \%settings,
            accounts => [account('ann', proxy => 'http://x', stats => { n => [1, 2] }), account('bob')] });

    my $nginx = begin();

    ok(ready(2), 'both accounts are signed in');
    is(chat(), 200, 'a chat');

    for my $key ('sk-file-one-5ecret', 'sk-file-two-5ecret') {
        is(api(GET => '/v1/models', undef, Authorization => "Bearer $key"), 200, 'a key of the file');
    }

    is(api(GET => '/v1/models', undef, Authorization => 'Bearer sk-other-5ecret'), 401, 'what is no key of clients');
    ok(poll(sub { tokens() == 2 }), 'tokens are kept while nginx runs');
    finish($nginx, 'qwen2api');

    my $data = data();
    my ($ann) = @{ $data->{accounts} };

    is_deeply($data->{settings}, \%settings, 'settings and keys are there as before');
    is_deeply($data->{version}, { a => [1, { b => '2' }] }, 'and what is beside them');
    is($data->{defaultCookie}, 'a=b', 'and the cookie');
    is($ann->{password}, 'p-ann-5ecret', 'passwords');
    is_deeply([@$ann{qw( proxy stats )}], ['http://x', { n => [1, 2] }], 'and what an account has');
    cmp_ok($ann->{expires}, '>', time, 'a token has its end');
    is(names(), 'ann bob', 'no account more or less');

    # and again

    my $before = bytes();

    $nginx = begin();
    ok(ready(2), 'it starts again');
    finish($nginx, 'again');
    is(bytes(), $before, 'a file that is kept stays as it is');
};


for my $signal (qw( QUIT TERM )) {
    subtest "tokens, rests and counters outlive $signal" => sub {
        fresh(accounts(qw( ann bob )));

        my $nginx = begin();

        ok(ready(2), 'ready');
        is(chat(), 200, 'a chat') for 1 .. 3;
        sim()->next({ fault => 'rate-limited-200', hours => 3 });
        is(chat(), 200, 'one that another account serves');
        $nginx->stop($signal);

        is(requests('ann') + requests('bob'), 5, 'all requests are counted');

        my ($rests) = grep { $_->{ngx_qwen}{cooldowns} } @{ data()->{accounts} };

        is($rests->{ngx_qwen}{lastError}, 'rate_limited', 'the failure is kept');
        cmp_ok(abs($rests->{ngx_qwen}{cooldowns}{chat} - time - 3 * 3600), '<', 60, 'with the end of the rest');

        $nginx = begin();
        ok(ready(2), 'ready again');
        sim()->forget;
        is(chat(), 200, 'a chat') for 1 .. 3;
        is_deeply(signins(), { ann => 1, bob => 1 }, 'no sign-in more');
        is(scalar(grep { $_->{email} eq $rests->{email} } sim()->requests('completion')), 0, 'who rests does so still');
        finish($nginx, $signal);
        is(requests('ann') + requests('bob'), 8, 'counters go on');
    };
}


subtest 'a reload keeps and saves' => sub {
    fresh(accounts('ann'));

    my $nginx = begin();

    ok(ready(1), 'ready');
    ok($nginx->reload, 'new workers run before anything was saved');
    ok(poll(sub { tokens() == 1 }), 'the token is kept');

    is(chat(), 200, 'a chat') for 1 .. 2;
    sim()->revoke;
    is(chat(), 200, 'a chat with a new token');
    ok($nginx->reload, 'new workers run');
    ok(poll(sub { (kept('ann')->{token} // '') eq (sim()->accounts->{'ann@example.com'}{tokens}[-1] // '-') }), 'the newest token is kept');
    ok(poll(sub { requests('ann') == 4 }), 'counters too, with what has failed');
    is(chat(), 200, 'a chat');
    is_deeply(signins(), { ann => 2 }, 'no sign-in more');
    finish($nginx, 'reload');
    is(requests('ann'), 5, 'counters go on');
};


subtest 'a file that cannot be used is told and left' => sub {
    my $good = JSON::PP->new->utf8->canonical->encode(accounts(qw( ann bob )));

    for my $case (['cut off', substr($good, 0, -5)],
                  ['empty', ''],
                  ['no JSON', 'p-ann-5ecret'],
                  ['no object', "[\n]"],
                  ['no list', '{"accounts":{"a":"p-ann-5ecret"}}'],
                  ['no string', '{"accounts":[{"email":"ann@example.com","password":["p-ann-5ecret"]}]}'],
                  ['no email', '{"accounts":[{"password":"p-ann-5ecret"}]}'],
                  ['an email that is there twice', json()->encode(accounts(qw( ann bob ann )))],
                  ['a member that is there twice', '{"accounts":[],"accounts":[{"email":"ann@example.com"}]}'],
                  ['a wrong setting', '{"accounts":[],"settings":{"chatRetryCount":"5ecret"}}'],
                  ['sealed by a key that is not there', '{"accounts":[{"email":"ann@example.com","password":"enc:v1:00000000:5ecret=="}]}'],
                  ['sealed in another form', '{"accounts":[{"email":"ann@example.com","password":"enc:v9:5ecret"}]}'],
                  ['something behind it', "$good\n\n5ecret"],
                  ['no UTF-8', qq({"accounts":[{"email":"ann\xff5ecret","password":"x"}]})])
    {
        my ($name, $text) = @$case;

        fresh($text);

        for my $said (refused()) {
            like($said, qr/\[emerg\].* qwen_store cannot use "\Q$file\E": .+ in line \d+, column \d+; the file was left as it is/, "$name: it is told");
            unlike($said, qr/5ecret|example\.com/, "$name: without a secret");
        }

        is(bytes(), $text, "$name: the file is left");
        is_deeply([glob "$dir/*"], [$file], "$name: nothing is beside it");
    }

    fresh("{\n  \"accounts\": [\n    7]}");
    like((refused())[0], qr/in line 3, column 5;/, 'the line and column are right');

    fresh();
    make_path($file);
    like((refused())[1], qr/qwen_store could not read "\Q$file\E"/, 'a directory is told');
};


subtest 'what is missing is made' => sub {
    fresh();

    my $nginx = begin(accounts => ['ann']);

    ok(ready(1), 'ready');
    is((stat $dir)[2] & 07777, 0700, 'the directory is for its owner');
    is((stat $file)[2] & 07777, 0600, 'the file is too');
    is((stat _)[4], $user, 'who is the user of the workers');
    is((stat $dir)[4], $user, 'in the directory too');
    ok(poll(sub { tokens() == 1 }), 'it is kept');
    is((stat $file)[2] & 07777, 0600, 'as before');
    finish($nginx, 'missing directory');

    fresh();
    make_path($dir);
    $nginx = begin();
    is_deeply(data(), { defaultHeaders => undef, defaultCookie => undef, accounts => [] }, 'a new file is as Qwen2API makes it');
    is((stat $dir)[4], $user, 'an empty directory is given to the workers');
    finish($nginx, 'missing file');

    # to test a configuration makes nothing

    fresh();
    QwenTest::Nginx->prepare(options());

    # nginx frees nothing behind a test
    local $ENV{ASAN_OPTIONS} = ($ENV{ASAN_OPTIONS} // '') . ':detect_leaks=0';

    is(system(QwenTest::Nginx::command('-q -t')), 0, 'a test is passed');
    ok(!-e $dir, 'and makes nothing');
};


subtest 'a link stays a link' => sub {
    fresh(accounts('ann'));
    make_path("$place/elsewhere");
    rename $file, "$place/elsewhere/real.json" or die $!;
    symlink "$place/elsewhere/real.json", $file or die $!;

    my $nginx = begin();

    ok(ready(1), 'ready');
    ok(poll(sub { tokens() == 1 }), 'what it points to is kept');
    finish($nginx, 'link');
    ok(-l $file, 'it is a link');
    is((stat "$place/elsewhere/real.json")[2] & 07777, 0600, 'to a file');
};


subtest 'a directory of others is not taken, and saves go on when they can' => sub {
    plan skip_all => 'it takes root' if $> != 0;

    fresh(accounts('ann'));
    put('x', "$dir/others");

    my $nginx = begin();

    ok(ready(1), 'ready');
    is((stat $dir)[4], 0, 'its owner stays');
    is(count($nginx, qr/it holds other files, so its owner was not changed/), 1, 'that is told');
    ok(poll(sub { count($nginx, qr/\[error\].*qwen_store could not save "\Q$file\E" \(13: /) }), 'a save that fails is told');
    sim()->revoke;
    is(chat(), 200, 'nginx serves on');
    sleep 2.5;
    is(count($nginx, qr/qwen_store could not save/), 1, 'it is told once');

    chown $user, -1, $dir;
    ok(poll(sub { count($nginx, qr/qwen_store saves again/) }), 'then it saves again');
    is(kept('ann')->{token}, sim()->accounts->{'ann@example.com'}{tokens}[-1], 'the newest token');
    finish($nginx, 'others', qr/could not save/);
};


subtest 'secrets are sealed' => sub {
    my %key = map { $_ => "$place/$_.key" } qw( old new both other none bad );

    put("# a comment\n$Seal{$_}\n", $key{$_}) for qw( old new other );
    put("$Seal{new}\n$Seal{old}\n", $key{both});
    put("# no key\n", $key{none});
    put("$Seal{new}\nabc5ecret\n", $key{bad});

    my $id = sub { my ($n) = bytes() =~ /enc:v1:([0-9a-f]{8}):/; return $n };

    fresh({ %{ accounts(qw( ann bob )) }, settings => { regularKeys => ['sk-file-5ecret'] } });

    my $nginx = begin(key => $key{old});

    ok(ready(2), 'ready');
    unlike(bytes(), $QwenTest::Secret, 'a clear file is sealed at once');
    ok(poll(sub { tokens() == 2 }), 'tokens are kept');
    finish($nginx, 'sealed');
    unlike(bytes(), $QwenTest::Secret, 'all secrets are sealed');
    like(bytes(), qr/"email":"ann\@example\.com","password":"enc:v1:/, 'what is none is clear');

    my $before = bytes();
    my $old = $id->();

    $nginx = begin(key => $key{old});
    ok(ready(2), 'ready again');
    is(chat(), 200, 'a chat');
    is(api(GET => '/v1/models', undef, Authorization => 'Bearer sk-file-5ecret'), 200, 'a key of clients');
    is_deeply(signins(), { ann => 1, bob => 1 }, 'with the tokens of before');
    finish($nginx, 'sealed again');
    is(kept('ann')->{$_}, json()->decode($before)->{accounts}[0]{$_}, "the sealed $_ is the same") for qw( password token );

    $before = bytes();

    for my $wrong (undef, $key{other}) {
        like($_, qr/qwen_store cannot use .* in line \d+, column \d+; the file was left/, 'without the key nginx does not start') for refused(key => $wrong);
        is(bytes(), $before, 'and the file stays');
    }

    # rotation, at a start and by a reload

    $nginx = begin(key => $key{both});
    isnt($id->(), $old, 'a new key seals');
    is(scalar(() = bytes() =~ /enc:v1:$old:/g), 0, 'all of the file');
    finish($nginx, 'rotation');

    my $new = $id->();

    put($before);
    $nginx = begin(key => $key{old});
    is($id->(), $old, 'sealed by the old key');
    ok($nginx->reload(options(key => $key{both})), 'new workers run');
    ok(poll(sub { $id->() eq $new && bytes() !~ /enc:v1:$old:/ }), 'a reload seals with the new key');
    finish($nginx, 'rotation by a reload');
    is($id->(), $new, 'that stays so');

    $nginx = begin(key => $key{new});
    is(chat(), 200, 'the old key is not needed any more');
    is_deeply(signins(), { ann => 1, bob => 1 }, 'no sign-in more');
    finish($nginx, 'after the rotation');

    for my $case ([none => qr/cannot use its key file "\Q$key{none}\E"/], [bad => qr/cannot use its key file "\Q$key{bad}\E": .*line 2/]) {
        like($_, $case->[1], "$case->[0]: the key file is told"), unlike($_, qr/5ecret|$Seal{new}/, 'but no key') for refused(key => $key{ $case->[0] });
    }

    like((refused(key => "$place/missing.key"))[0], qr/could not read its key file "\Q$place\E\/missing.key" \(2: /, 'a missing key file is told');
    like((refused(key => $place))[0], qr/could not read its key file/, 'a directory too');
};


subtest 'a file that another has changed is not overwritten' => sub {
    fresh(accounts(qw( ann bob )));

    my $nginx = begin();

    ok(ready(2), 'ready');
    ok(poll(sub { tokens() == 2 }), 'tokens are kept');

    my $bob = kept('bob');
    my $text = json()->encode({ accounts => [$bob, account('cyd')], settings => { regularKeys => ['sk-file-5ecret'] } });

    put($text);
    sim()->revoke('ann@example.com');
    is(chat(), 200, 'something changes') for 1 .. 2;
    ok(poll(sub { count($nginx, qr/was changed by another process/) }), 'it is told');
    sim()->revoke('ann@example.com');
    is(chat(), 200, 'something changes again') for 1 .. 2;
    sleep 2.2;
    is(count($nginx, qr/"\Q$file\E" was changed by another process, so qwen_store does not overwrite it; reload nginx/), 1, 'it is told once');
    is(bytes(), $text, 'the file is as the other has made it');
    is(api(GET => '/v1/models', undef, Authorization => 'Bearer sk-file-5ecret'), 401, 'and not read');

    ok($nginx->reload, 'new workers run');
    ok(poll(sub { (signins()->{cyd} // 0) == 1 }), 'an account that has come is signed in');
    is(api(GET => '/v1/models', undef, Authorization => 'Bearer sk-file-5ecret'), 200, 'a key that has come is one');
    sim()->forget;
    is(chat(), 200, 'a chat') for 1 .. 4;
    is_deeply([sort keys %{{ map { $_->{email} => 1 } sim()->requests('completion') }}], [qw( bob@example.com cyd@example.com )], 'one that has gone serves no more');
    is(signins()->{bob}, 1, 'one that was there keeps its token');
    is((stat $file)[4], $user, 'the file belongs to the workers');
    ok(poll(sub { tokens() == 2 }), 'the file is kept again');
    is(names(), 'bob cyd', 'with the accounts that it had');

    # one that was taken away

    unlink $file;
    sim()->revoke('cyd@example.com');
    is(chat(), 200, 'something changes') for 1 .. 2;
    ok(poll(sub { count($nginx, qr/was changed by another process/) == 2 }), 'that is told too');
    ok(!-e $file, 'it is not made again');
    ok($nginx->reload, 'new workers run');
    ok(poll(sub { -e $file && names() eq 'bob cyd' && tokens() == 2 }), 'then it is');
    is((stat $file)[4], $user, 'for the workers');

    # one that cannot be used

    put('{"accounts":[7]}');
    ok($nginx->reload, 'new workers run');
    is(chat(), 200, 'nginx serves on');
    is(count($nginx, qr/qwen_store cannot use/), 1, 'it is told');
    $nginx->stop('QUIT');
    is(bytes(), '{"accounts":[7]}', 'and left');
    check_log($nginx, 'changed', qr/was changed by another|cannot use/);
};


subtest 'a new password of the file is taken in' => sub {
    fresh(accounts('ann'));

    my $nginx = begin();

    ok(ready(1), 'ready');
    ok(poll(sub { tokens() == 1 }), 'the token is kept');
    put({ accounts => [account('ann', password => 'p-other-5ecret')] });
    ok($nginx->reload, 'new workers run');
    ok(poll(sub { signins()->{ann} == 2 }), 'the account signs in again');
    ok(poll(sub { tokens() == 1 }), 'the token is kept');
    is(kept('ann')->{password}, 'p-other-5ecret', 'with the password');
    finish($nginx, 'password');
};


subtest 'a zone of another size holds what the file has' => sub {
    fresh({ %{ accounts(qw( ann bob )) }, settings => { regularKeys => ['sk-file-5ecret'], outThink => $true }, x => 1 });

    my $nginx = begin(zone => '1m');

    ok(ready(2), 'ready');
    is(chat(), 200, 'a chat') for 1 .. 3;
    ok($nginx->reload, 'a reload saves all');
    ok($nginx->reload(zone => '2m'), 'new workers run');
    is(chat(), 200, 'a chat');
    is(api(GET => '/v1/models', undef, Authorization => 'Bearer sk-file-5ecret'), 200, 'a key');
    is_deeply(signins(), { ann => 1, bob => 1 }, 'no sign-in more');
    finish($nginx, 'zone', qr/was changed by another process/);
    is(requests('ann') + requests('bob'), 4, 'counters go on');
    is_deeply(data()->{settings}, { regularKeys => ['sk-file-5ecret'], outThink => $true }, 'settings are there');
    is(data()->{x}, 1, 'and the rest');
};


subtest 'a zone that is too small is told' => sub {
    my $text = json()->encode(accounts(map { "user$_" } 1 .. 500));

    fresh($text);
    like($_, qr/qwen_zone "qwen" is too small for the 500 accounts in "\Q$file\E", increase its size/, 'it is told') for refused(zone => '128k');
    is(bytes(), $text, 'the file stays');
};


subtest 'accounts of the configuration and of the file' => sub {
    fresh(accounts('bob'));

    my $nginx = begin(accounts => ['ann']);

    ok(ready(2), 'ready');
    finish($nginx, 'both');
    is(names(), 'ann bob', 'both are kept');
    is(kept('ann')->{ngx_qwen}{configured}, $true, 'one as of the configuration');
    ok(!kept('bob')->{ngx_qwen}{configured}, 'the other not');

    $nginx = begin(accounts => ['ann']);
    ok(ready(2), 'ready again');
    is(chat(), 200, 'a chat') for 1 .. 4;
    is_deeply(signins(), { ann => 1, bob => 1 }, 'no sign-in more');
    finish($nginx, 'both again');

    # another password has another token

    $nginx = begin(http => 'qwen_account ann@example.com:p-other-5ecret;');
    ok(poll(sub { signins()->{ann} == 2 }), 'a new password signs in');
    finish($nginx, 'another password');
    is(kept('ann')->{password}, 'p-other-5ecret', 'and is kept');

    $nginx = begin();
    is(chat(), 200, 'a chat') for 1 .. 2;
    finish($nginx, 'file alone');
    is(names(), 'bob', 'an account that the configuration has no more is gone');
    is_deeply(signins(), { ann => 2, bob => 1 }, 'the other one stays');

    # by a reload

    $nginx = begin();
    ok($nginx->reload(options(accounts => ['cyd'])), 'new workers run');
    ok(poll(sub { (signins()->{cyd} // 0) == 1 && names() eq 'bob cyd' && tokens() == 2 }), 'one that joins is kept');
    ok($nginx->reload(options(accounts => [])), 'new workers run');
    ok(poll(sub { names() eq 'bob' }), 'one that leaves is not');
    finish($nginx, 'reloads');
};


subtest 'a new binary takes the file over' => sub {
    fresh({ %{ accounts(qw( ann bob )) }, settings => { regularKeys => ['sk-file-5ecret'] } });

    my $nginx = begin();

    ok(ready(2), 'ready');
    is(chat(), 200, 'a chat') for 1 .. 2;
    ok(poll(sub { tokens() == 2 }), 'tokens are kept');

    my ($old_worker) = $nginx->workers;
    my $old = $nginx->upgrade;
    my $before = bytes();

    # both serve, and both see another token

    sim()->revoke;
    is(chat(), 200, 'a chat') for 1 .. 10;
    ok(poll(sub { bytes() ne $before }), 'the new one keeps the file');

    kill 'QUIT', $old;
    ok(poll(sub { QwenTest::Nginx::ended($old) }), 'the old one ends');
    is((grep { !/\b$old_worker#/ } grep { /was changed by another process/ } split /\n/, $nginx->error_log), 0, 'the file is never another\'s for the new one');

    sim()->revoke;
    is(chat(), 200, 'a chat') for 1 .. 2;
    is(api(GET => '/v1/models', undef, Authorization => 'Bearer sk-file-5ecret'), 200, 'a key');

    my %token = map { $_->{email} => $_->{tokens}[-1] } values %{ sim()->accounts };

    ok(poll(sub { !grep { ($_->{token} // '') ne ($token{ $_->{email} } // '') } @{ data()->{accounts} } }), 'it keeps the newest tokens');
    is(names(), 'ann bob', 'and all accounts');
    finish($nginx, 'upgrade', qr/was changed by another process/);
};


subtest 'a first worker that is killed again and again loses no file' => sub {
    my $filler = join '', map { chr(97 + $_ % 26) } 1 .. 20000;

    fresh({ accounts => [map { account("user$_", filler => $filler) } 1 .. 40] });

    my $nginx = begin(zone => '8m');

    ok(ready(40), 'ready');

    my ($bad, $caught, $dead) = (0, 0, 0);

    for my $round (1 .. 30) {
        my ($victim) = $nginx->workers;

        # an account that rests is a change, and a save begins a second later

        if ($round % 3 == 0) {
            sim()->next({ fault => 'rate-limited-429' });
            chat();

            my $end = time + 3;
            while (time < $end && !-e "$file.tmp") { sleep 0.0005 }
            $caught++ if -e "$file.tmp";
        }

        kill 'KILL', $victim;
        poll(sub { my @now = $nginx->workers; @now == 1 && $now[0] != $victim }) or $dead++;

        my $data = eval { data() };
        $bad++ if ref $data ne 'HASH' || @{ $data->{accounts} } != 40 || grep { $_->{filler} ne $filler } @{ $data->{accounts} };
    }

    is($dead, 0, 'another one goes on each time');
    is($bad, 0, 'the file is whole each time');
    cmp_ok($caught, '>', 0, "$caught were killed while they saved");
    is(chat(), 200, 'chats go on');
    is(sim()->signins, 40, 'no sign-in more');
    sim()->revoke;
    is(chat(), 200, 'another token');
    ok(poll(sub { my %new = map { $_->{tokens}[-1] // '' => 1 } values %{ sim()->accounts };
                  grep { $new{ $_->{token} // '' } } @{ data()->{accounts} } }), 'it is kept');

    # one may have died while it copied accounts; the master frees the lock
    finish($nginx, 'kills', qr/zone "qwen" was locked by/);
};


subtest '1,000 accounts are signed in by and by' => sub {
    fresh(accounts(map { "user$_" } 1 .. 1000));
    sim()->set({ behaviours => [{ on => 'signin', delay => 100 }] });

    my $start = time;
    my $nginx = begin(zone => '4m', workers => 2);

    ok(poll(sub { api(GET => '/v1/models') == 200 }), sprintf 'the models are there after %.1f s', time - $start);
    is(api(GET => '/readyz'), 200, 'ready');
    is(chat(), 200, 'a chat') for 1 .. 3;
    cmp_ok(sim()->signins, '<', 1000, 'before all are signed in');
    ok(poll(sub { sim()->signins >= 100 }, 30), 'they go on');

    my ($now, $most) = (0, 0);

    for my $change (sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] }
                    map { ([$_->{time}, 1], [$_->{answered} // $_->{time} + 100, -1]) } sim()->requests('signin'))
    {
        $now += $change->[1];
        $most = $now if $now > $most;
    }

    cmp_ok($most, '<=', 5, "at most five at a time, and there were $most");
    ok(poll(sub { tokens() >= 50 }), 'tokens are kept meanwhile');
    finish($nginx, 'many');
    is(scalar @{ data()->{accounts} }, 1000, 'all are there');
};


done_testing();
