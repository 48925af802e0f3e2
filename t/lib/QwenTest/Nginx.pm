package QwenTest::Nginx;

# An nginx for tests that are no blocks: several workers, signals, and clients
# that do something at the same time.

use strict;
use warnings;

use File::Path qw( make_path remove_tree );
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw( sleep time );

use QwenTest ();
use QwenTest::Answer;

my $root = $ENV{TEST_NGINX_SERVROOT};
my $binary = find($ENV{TEST_NGINX_BINARY} || 'nginx');


# An nginx that is replaced starts the new one by the path it was started with.

sub find {
    my ($name) = @_;

    return $name if $name =~ m{/};

    my ($path) = grep { -x } map { "$_/$name" } split /:/, $ENV{PATH};

    return $path // $name;
}


# Options: accounts (a list), workers, main, http, server, v1 (lines), listen,
# zone (its size), files (name below the root => text).

sub start {
    my ($class, %option) = @_;

    my $self = $class->prepare(%option);

    $self->launch;

    return $self;
}


sub prepare {
    my ($class, %option) = @_;

    my $self = bless { %option }, $class;

    remove_tree($root);
    make_path("$root/logs", "$root/conf", "$root/html");

    write_file($_, $option{files}{$_}) for keys %{ $option{files} // {} };

    $self->configure;

    return $self;
}


# Starts the program, with all that is below the root.

sub launch {
    my ($self, %option) = @_;

    $self->configure(%option);

    system(command()) == 0 or die 'nginx does not start';

    QwenTest::poll(sub { -s "$root/logs/nginx.pid" }) or die 'nginx has no pid';
    $self->{pid} = 0 + QwenTest::slurp("$root/logs/nginx.pid");

    # a signal that comes before waits for the next one

    QwenTest::poll(sub { $self->workers == ($self->{workers} // 1) })
        or die 'nginx has no workers';
}


sub restart {
    my ($self, %option) = @_;

    $self->stop('QUIT');
    $self->launch(%option);
}


sub root { return $root }


sub write_file {
    my ($name, $text) = @_;

    make_path("$root/$name" =~ s{/[^/]*\z}{}r);

    open my $out, '>', "$root/$name" or die "$root/$name: $!";
    print $out $text;
    close $out or die "$root/$name: $!";
}


sub command { return "$binary -e $root/logs/error.log -p $root/ -c $root/conf/nginx.conf @_" }


# What nginx says of a configuration that it refuses, when it tests it and when
# it starts; dies if it takes it.

sub refusal {
    my ($class, %option) = @_;

    $class->prepare(%option);

    my @said;

    for my $switch ('-t', '') {
        push @said, scalar qx{@{[ command($switch) ]} 2>&1};
        next if $?;

        kill 'KILL', QwenTest::slurp("$root/logs/nginx.pid") if !$switch;
        die "nginx $switch takes it";
    }

    return @said;
}


sub configure {
    my ($self, %option) = @_;

    @$self{ keys %option } = values %option;

    my $modules = join '', map { "load_module $_;\n" }
                      split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';
    my $port = QwenTest::port();
    my $workers = $self->{workers} // 1;

    open my $out, '>', "$root/conf/nginx.conf" or die $!;
    print $out <<"END";
$modules
worker_processes $workers;
error_log $root/logs/error.log $ENV{TEST_NGINX_LOG_LEVEL};
pid $root/logs/nginx.pid;
env ASAN_OPTIONS;
env UBSAN_OPTIONS;
env LSAN_OPTIONS;
@{[ $self->{main} // '' ]}
events { worker_connections 2048; }
http {
    access_log $root/logs/access.log;
    client_body_temp_path $root/client_body_temp;
    proxy_temp_path $root/proxy_temp;
    fastcgi_temp_path $root/fastcgi_temp;
    uwsgi_temp_path $root/uwsgi_temp;
    scgi_temp_path $root/scgi_temp;
@{[ $self->{zone} ? QwenTest::http_config(@{ $self->{accounts} })
                    =~ s/qwen_zone qwen \S+;/qwen_zone qwen $self->{zone};/r
                  : QwenTest::http_config(@{ $self->{accounts} }) ]}
@{[ $self->{http} // '' ]}
    server {
        listen $port @{[ $self->{listen} // '' ]};
@{[ QwenTest::server_config($self->{v1}, $self->{server}) ]}
    }
}
END
    close $out;
}


sub signal {
    my ($self, $name) = @_;

    kill $name, $self->{pid} or die "no nginx to signal";
}


sub workers {
    my ($self) = @_;

    my @pids;

    for my $line (`ps -o pid=,args= --ppid $self->{pid}`) {
        push @pids, $1 if $line =~ /^\s*(\d+)\s+nginx: worker process\s*$/;
    }

    return @pids;
}


# Reads the new configuration; done when all workers are new ones.

sub reload {
    my ($self, %option) = @_;

    my %old = map { $_ => 1 } $self->workers;

    $self->configure(%option);
    $self->signal('HUP');

    return QwenTest::poll(sub {
        my @now = $self->workers;
        @now == ($self->{workers} // 1) && !grep { $old{$_} } @now;
    });
}


# Starts the binary anew beside the old one, whose process it gives.

sub upgrade {
    my ($self) = @_;

    my $old = $self->{pid};

    $self->signal('USR2');

    QwenTest::poll(sub { -s "$root/logs/nginx.pid"
                         && $old != QwenTest::slurp("$root/logs/nginx.pid") })
        or die 'there is no new nginx';

    $self->{pid} = 0 + QwenTest::slurp("$root/logs/nginx.pid");

    QwenTest::poll(sub { $self->workers == ($self->{workers} // 1) })
        or die 'the new nginx has no workers';

    return $old;
}


sub ready {
    my ($self) = @_;

    my $n = @{ $self->{accounts} };

    return QwenTest::poll(sub {
        (QwenTest::sim()->stats->{calls}{signin} // 0) >= $n
            && QwenTest::api(GET => '/models') == 200;
    });
}


sub error_log { return QwenTest::slurp("$root/logs/error.log") }


sub stop {
    my ($self, $signal) = @_;

    return if !$self->{pid};

    my $pid = delete $self->{pid};

    kill $signal // 'TERM', $pid;
    QwenTest::poll(sub { ended($pid) }) or kill 'KILL', $pid;
}


# A process that has ended may wait for init to take note of it.

sub ended {
    my ($pid) = @_;

    my $status = eval { QwenTest::slurp("/proc/$pid/status") };

    return defined $status ? $status =~ /^State:\s+[ZX]/m : !kill 0, $pid;
}


sub DESTROY {
    my ($self) = @_;

    local $?;
    $self->stop;
}


# Clients: each is a connection with a request that was sent.

sub clients {
    my ($self, $n, $chat) = @_;

    return map { $self->client($chat) } 1 .. $n;
}


sub client {
    my ($self, $chat) = @_;

    my $body = QwenTest::chat_body($chat);

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => QwenTest::port())
        or die "connect: $!";

    $socket->syswrite("POST /v1/chat/completions HTTP/1.1\r\n"
                      . "Host: localhost\r\nConnection: close\r\n"
                      . "Authorization: Bearer $QwenTest::Key{user}\r\n"
                      . "Content-Type: application/json\r\n"
                      . "Content-Length: " . length($body) . "\r\n\r\n$body");

    return { socket => $socket, data => '' };
}


# Reads from all clients until the condition holds, or all have ended.

sub pump {
    my ($self, $clients, $condition, $patience) = @_;

    my %client = map { fileno $_->{socket} => $_ }
                     grep { $_->{socket} } @$clients;
    my $select = IO::Select->new(map { $_->{socket} } values %client);
    my $end = time + ($patience // 3 * $QwenTest::Patience);

    while ($select->count && time < $end) {
        return 1 if $condition && $condition->();

        for my $socket ($select->can_read(0.05)) {
            my $client = $client{fileno $socket};
            my $n = sysread $socket, $client->{data}, 65536,
                            length $client->{data};

            if (!$n) {
                $select->remove($socket);
                close $socket;
                delete $client->{socket};
            }
        }
    }

    return $condition ? $condition->() : !$select->count;
}


sub answer {
    my ($client) = @_;

    my ($head, $body) = split /\r\n\r\n/, $client->{data}, 2;

    return { status => 0, wrong => ['no answer'] } if !defined $body;

    my ($status) = $head =~ /^HTTP\/1\.1 (\d+)/;

    $body = QwenTest::Answer::dechunk($body)
        if $head =~ /^transfer-encoding: chunked/im;

    my $answer = QwenTest::Answer->parse($body);
    $answer->{status} = $status;

    return $answer;
}


# What became of clients, counted: "200 stop" => 5.

sub outcomes {
    my ($self, $clients) = @_;

    my %n;

    for my $answer (map { answer($_) } @$clients) {
        my $end = $answer->{error} ? $answer->{error}{code}
                                   : $answer->{finish} // 'broken';
        $n{join ' ', $answer->{status}, $end, @{ $answer->{wrong} }}++;
    }

    return \%n;
}


1;
