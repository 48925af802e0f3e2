package QwenTest;

# What the suites share: a simulator for each file, the usual configuration,
# and sections of blocks that say what matters of a chat.  It is to be used
# before Test::Nginx::Socket.
#
# Configuration (a block with "config" has all of its server by itself):
#
#   accounts      names, "ann bob" by default; "none"
#   http          lines for "http", put behind the usual ones
#   server        lines for "server"
#   v1            lines for "location /v1/"
#   processes     workers, 1 by default
#
# The simulator (JSON; t/sim/README.md tells what can be said):
#
#   sim           its settings, before nginx starts
#   sim_account   {"ann": settings of the account, ...}
#   next          one behaviour or a list, queued right before the request
#
# The request:
#
#   chat          members of the body, or a list of such for several requests
#   unready       do not wait until all accounts are signed in and the models
#                 are known
#
# What is expected:
#
#   answers       a line for each request:
#                     200 "text" [finish_reason]        the whole answer
#                     200 "text" broken TYPE CODE       text, then an error
#                     429 TYPE CODE [PARAM]             an error, "-" is null
#                     200                               anything
#   thinks        the reasoning of the first request, as a JSON string
#   calls         the upstream's requests but those for models, such as
#                 "new_chat:A completion:A new_chat:B"; A is the account that
#                 was seen first
#   content       the text of each completion, a JSON string or a list of them
#   upstream      members that the last completion's body has, at least
#   after         Perl that runs behind the request
#   may_log       what an alert in the log may be about
#
# Each block also checks that no log has an alert or a secret.

use strict;
use warnings;

use JSON::PP;
use Test::More ();
use Time::HiRes qw( sleep time );

use QwenTest::Answer;
use QwenTest::Sim;

our ($Sim, $Zones);

# Test::Nginx reads its environment when it is loaded; nginx's own debug level
# prints headers, so it is not for suites that look for secrets in logs

BEGIN {
    $ENV{TEST_NGINX_LOG_LEVEL} //= 'info';
    $ENV{TEST_NGINX_TIMEOUT} //= 10;
    $ENV{TEST_NGINX_SERVROOT} //= "$ENV{PWD}/build/servroot";

    (my $parent = $ENV{TEST_NGINX_SERVROOT}) =~ s{/[^/]*\z}{};
    mkdir $parent;
}

use Test::Nginx::Util ();

my $json = JSON::PP->new->utf8->allow_nonref->canonical;

our %Key = (admin => 'sk-admin-5ecret', user => 'sk-user-5ecret');

# all keys and passwords have it, and tokens begin so
our $Secret = qr/5ecret|eyJ[\w-]{6}/;

our $Patience = $ENV{TEST_NGINX_TIMEOUT} < 10 ? 10 : $ENV{TEST_NGINX_TIMEOUT};


sub import {
    no strict 'refs';

    my $to = caller;

    *{"$to\::$_"} = \&$_ for qw( sim chat_request port poll api answer
                                 server_config http_config account_lines );
    *{"$to\::json"} = sub { $json };
}


sub sim {
    return $Sim //= QwenTest::Sim->start('--any-account');
}


sub port { return $ENV{TEST_NGINX_SERVER_PORT}
                  || $ENV{TEST_NGINX_PORT} || 1984 }


sub slurp {
    my ($file) = @_;

    open my $in, '<', $file or die "$file: $!";
    local $/;
    return scalar <$in>;
}


# Until the condition is true, or patience is over; says which.

sub poll (&;$) {
    my ($condition, $patience) = @_;

    my $end = time + ($patience // $Patience);

    while (time < $end) {
        return 1 if $condition->();
        sleep 0.02;
    }

    return 0;
}


sub email { return "$_[0]\@example.com" }


# configuration

sub account_lines {
    my (@names) = @_;

    return join '', map { "qwen_account $_\@example.com:p-$_-5ecret;\n" } @names;
}


sub http_config {
    my (@names) = @_;

    return "qwen_zone qwen 1m;\n"
           . "qwen_key $Key{admin} name=admin;\n"
           . "qwen_key $Key{user} name=user;\n"
           . account_lines(@names)
           . "upstream qwen_web {\n"
           . "    server 127.0.0.1:" . sim()->port . ";\n"
           . "    keepalive 16;\n"
           . "}\n";
}


# The shipped include, but for the simulator's scheme.

sub include {
    my $file = QwenTest::Sim::root() . '/conf/qwen_upstream.conf';

    my $text = slurp($file);

    $text =~ s{https://qwen_web/}{http://qwen_web/} or die "$file: no proxy_pass";

    return $text;
}


sub server_config {
    my ($v1, $server) = @_;

    return include() . ($server // '') . <<"END";
location /v1/ {
    qwen_api openai;
    error_page 400 408 413 429 500 502 503 504 /.qwen/error;
@{[ $v1 // '' ]}
}
location = /models { qwen_api models; }
location = /healthz { qwen_api healthz; }
location = /readyz { qwen_api readyz; }
END
}


# requests

sub chat_body {
    my ($chat) = @_;

    my %body = (model => 'qwen3-max',
                messages => [{ role => 'user', content => 'hi' }], %$chat);

    delete $body{$_} for grep { !defined $body{$_} } keys %body;

    return $json->encode(\%body);
}


sub chat_request { return "POST /v1/chat/completions\n" . chat_body($_[0]) }


# A request beside those of the block: status and answer.

sub api {
    my ($method, $path, $body, %headers) = @_;

    my $http = HTTP::Tiny->new(timeout => $Patience);

    my $res = $http->request($method, 'http://127.0.0.1:' . port() . $path, {
        headers => {
            Authorization => "Bearer $Key{user}",
            defined $body ? ('Content-Type' => 'application/json') : (),
            %headers,
        },
        defined $body
        ? (content => ref $body ? chat_body($body) : $body) : (),
    });

    return wantarray ? ($res->{status}, $res->{content}, $res->{headers})
                     : $res->{status};
}


sub answer { return QwenTest::Answer->parse($_[0]) }


# blocks

sub text {
    my ($block, $section) = @_;

    my $text = $block->$section;

    return undef if !defined $text || ref $text;

    utf8::encode($text) if utf8::is_utf8($text);
    chomp $text;

    return $text;
}


sub data {
    my ($block, $section) = @_;

    return $block->$section if ref $block->$section;

    my $text = text($block, $section);

    return undef if !defined $text;

    my $data = eval { $json->decode($text) };
    die $block->name . ": $section: $@" if $@;

    return $data;
}


sub names {
    my ($block) = @_;

    my $names = text($block, 'accounts') // 'ann bob';

    return $names eq 'none' ? () : split ' ', $names;
}


# A reloaded nginx keeps a zone that has the same name.

sub fresh_zone {
    my ($block) = @_;

    my $config = $block->http_config;

    $Zones++;
    $config =~ s/qwen_zone qwen /qwen_zone qwen_$Zones /;
    $block->set_value(http_config => $config);
}


sub prepare {
    my ($block) = @_;

    if (!defined $block->config) {
        $block->set_value(config => server_config(scalar $block->v1,
                                                scalar $block->server));
        $block->set_value(http_config => http_config(names($block))
                                         . ($block->http // ''));
        $block->set_value(usual => 1);
        fresh_zone($block) if $ENV{TEST_NGINX_USE_HUP};
    }

    Test::Nginx::Util::workers(text($block, 'processes') // 1);

    $block->set_value(post_setup_server_root => 'QwenTest::reset_sim($block)')
        if !defined $block->post_setup_server_root;

    my $chat = data($block, 'chat');

    if ($chat) {
        $block->set_value(request => ref $chat eq 'ARRAY'
                                     ? [map { chat_request($_) } @$chat]
                                     : chat_request($chat));
    }

    $block->set_value(request => 'GET /healthz') if !defined $block->request
                                        && !defined $block->raw_request;

    $block->set_value(more_headers => "Authorization: Bearer $Key{user}\n"
                                      . "Content-Type: application/json\n")
        if !defined $block->more_headers;

    if (defined $block->answers && !defined $block->error_code) {
        my @codes = map { (split)[0] } split /\n/, text($block, 'answers');
        $block->set_value(error_code => @codes > 1 ? \@codes : $codes[0]);
    }

    my $not = $block->no_error_log // [];

    $not = [split /\n+/, $not] if !ref $not;
    $not = [$not] if ref $not ne 'ARRAY';

    if (defined $block->must_die) {
        my $log = $block->error_log;

        $log = [ref $log ? $log : split /\n+/, $log] if ref $log ne 'ARRAY';
        $block->set_value(error_log => [@$log, '[emerg]']);
        $block->set_value(no_error_log => [@$not, $Secret,
                                           qr/\[(?:alert|crit)\]/]);
        return;
    }

    my $levels = text($block, 'may_log') // '';

    $block->set_value(no_error_log => [@$not, $Secret,
        $levels ? qr/\[(?:alert|crit|emerg)\](?!.*$levels)/
                : qr/\[(?:alert|crit|emerg)\]/]);

    $block->set_value(no_shutdown_error_log =>
                      [qr/\[(?:alert|crit|emerg)\](?!.*sched_setaffinity)/])
        if !defined $block->no_shutdown_error_log;
}


# Between the end of the nginx before and the start of the next.

sub reset_sim {
    my ($block) = @_;

    sim()->reset;

    my $set = data($block, 'sim');
    my $accounts = data($block, 'sim_account') // {};

    sim()->set($set) if $set;
    sim()->set({ email => email($_), %{ $accounts->{$_} } })
        for sort keys %$accounts;
}


# All accounts are signed in, and the models are there.

sub wait_ready {
    my ($block) = @_;

    my $n = names($block);

    my $ready = poll {
        (sim()->stats->{calls}{signin} // 0) >= $n
            && api(GET => '/models') == 200;
    };

    Test::More::diag($block->name . ": nginx does not get ready") if !$ready;

    sim()->forget;
}


sub run_block {
    my ($helper, $block, @rest) = @_;

    wait_ready($block) if $block->usual && !defined $block->unready
                          && names($block);

    my $next = data($block, 'next');
    sim()->next($next) if $next;

    $helper->($block, @rest);

    my $name = $block->name;

    Test::More::is(join(' ', calls()), text($block, 'calls') =~ s/\s+/ /gr,
                   "$name - calls of the upstream") if defined $block->calls;

    check_content($block) if defined $block->content;
    check_upstream($block) if defined $block->upstream;

    if (defined $block->after) {
        my $code = $block->after;
        my $ok = eval "package main; no warnings; $code; 1";
        Test::More::fail("$name - after: $@") if !$ok;
    }

    check_logs($block);
}


sub calls {
    my (%letter, @calls);

    for my $record (sim()->requests) {
        next if $record->{call} eq 'models';

        my $email = $record->{email} // '';

        $letter{$email} = chr(ord('A') + keys %letter) if !$letter{$email};
        push @calls, "$record->{call}:$letter{$email}";
    }

    return @calls;
}


sub check_content {
    my ($block) = @_;

    my $expected = data($block, 'content');
    my @content = map { $_->{content} } sim()->requests('completion');

    Test::More::is_deeply(\@content,
                          ref $expected eq 'ARRAY' ? $expected : [$expected],
                          $block->name . ' - text that the upstream got');
}


sub check_upstream {
    my ($block) = @_;

    my @records = sim()->requests('completion');
    my @missing = missing(data($block, 'upstream'), body($records[-1]), '');

    Test::More::is("@missing", '',
                   $block->name . ' - body that the upstream got');
}


sub body {
    my ($record) = @_;

    my $body = $record->{body};

    return ref $body ? $body : $json->decode($body // 'null');
}


sub missing {
    my ($expected, $got, $path) = @_;

    if (ref $expected eq 'HASH' && ref $got eq 'HASH') {
        return map { missing($expected->{$_}, $got->{$_}, "$path.$_") }
                   sort keys %$expected;
    }

    if (ref $expected eq 'ARRAY' && ref $got eq 'ARRAY'
        && @$expected == @$got)
    {
        return map { missing($expected->[$_], $got->[$_], "$path\[$_]") }
                   0 .. $#$expected;
    }

    my ($want, $is) = ($json->encode($expected), $json->encode($got));

    return $want eq $is ? () : "$path is $is, not $want;";
}


# Test::Nginx has looked at the error log before "after" ran.

sub check_logs {
    my ($block) = @_;

    my $name = $block->name;
    my $levels = text($block, 'may_log') // 'sched_setaffinity';
    my $alert = qr/\[(?:alert|crit|emerg)\](?!.*$levels)/;

    for my $log (qw( access error )) {
        open my $in, '<', "$ENV{TEST_NGINX_SERVROOT}/logs/$log.log" or next;

        my ($bad) = grep { /$Secret/ || $log eq 'error' && /$alert/ } <$in>;

        Test::More::is($bad, undef, "$name - no secret, no alert in $log.log");
    }
}


# What "answers" says of one answer.

sub check_answer {
    my ($block, $body, $i) = @_;

    my $line = (split /\n/, text($block, 'answers'))[$i] // return;
    my $name = $block->name . " - answer $i";
    my ($status, $rest) = $line =~ /^(\d+)\s*(.*)$/ or die "$name: $line";

    return if $rest eq '';

    my $answer = QwenTest::Answer->parse($body);

    Test::More::is("@{ $answer->{wrong} }", '', "$name has a good form");

    if ($status == 200) {
        check_text($answer, $name, $rest);
        check_thinks($block, $answer, $name) if $i == 0;
        return;
    }

    my ($type, $code, $param) = split ' ', $rest;

    check_error($answer, $name, $type, $code, $param);
}


sub check_text {
    my ($answer, $name, $rest) = @_;

    $rest =~ /^("(?:[^"\\]|\\.)*")\s*(.*)$/ or die "$name: $rest";

    my ($text, $end) = ($json->decode($1), $2 || 'stop');

    utf8::encode($text);
    Test::More::is($answer->{text}, $text, "$name has the text");

    if ($end =~ /^broken (\S+) (\S+)/) {
        Test::More::is($answer->{finish}, undef, "$name has no finish_reason");
        Test::More::ok(!$answer->{done}, "$name has no end");
        check_error($answer, $name, $1, $2);
        return;
    }

    Test::More::is($answer->{finish}, $end, "$name has its finish_reason");
    Test::More::ok($answer->{done}, "$name is complete");
    Test::More::is($answer->{error}, undef, "$name has no error");
}


sub check_error {
    my ($answer, $name, $type, $code, $param) = @_;

    my $error = $answer->{error} // {};
    my @got = map { $_ // '-' } @$error{ 'type', 'code',
                                         defined $param ? 'param' : () };

    Test::More::is("@got", join(' ', grep { defined } $type, $code, $param),
                   "$name is that error");
}


sub check_thinks {
    my ($block, $answer, $name) = @_;

    return if !defined $block->thinks;

    my $thinks = data($block, 'thinks');

    utf8::encode($thinks);
    Test::More::is($answer->{reasoning}, $thinks, "$name has the reasoning");
}


INIT {
    return if !Test::Nginx::Socket->can('run_tests');

    no warnings 'once';

    Test::Nginx::Socket::add_block_preprocessor(\&prepare);

    Test::Nginx::Socket::add_response_body_check(sub {
        my ($block, $body, $i) = @_;

        check_answer($block, $body // '', $i) if defined $block->answers;
    });

    my $helper = $Test::Nginx::Util::RunTestHelper;

    $Test::Nginx::Util::RunTestHelper = sub { run_block($helper, @_) };

    Test::Nginx::Util::no_shuffle();
    Test::Nginx::Util::master_on();
    Test::Nginx::Util::workers(1);
    Test::Nginx::Util::worker_connections(1024);
}


END { $Sim->stop if $Sim }


1;
