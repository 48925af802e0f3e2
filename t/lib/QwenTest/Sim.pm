package QwenTest::Sim;

# The upstream simulator as a process of its own, and its control API.

use strict;
use warnings;

use Cwd qw( abs_path );
use File::Basename qw( dirname );
use File::Temp qw( tempdir );
use HTTP::Tiny;
use JSON::PP;
use POSIX ();
use Time::HiRes qw( sleep time );

my $root = abs_path(dirname(abs_path(__FILE__)) . '/../../..');
my $json = JSON::PP->new->utf8->allow_nonref->canonical;


sub root { return $root }


# Starts a simulator; it ends with $self->stop, or when its standard input is
# closed, which a test that is killed cannot fail to do.

sub start {
    my ($class, @args) = @_;

    my $dir = tempdir(CLEANUP => 1);
    my $file = "$dir/port";

    pipe(my $read, my $write) or die "pipe: $!";

    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        close $write;
        open STDIN, '<&', $read or POSIX::_exit(1);
        open STDOUT, '>', '/dev/null' or POSIX::_exit(1);
        { exec 'node', "$root/t/sim/sim.mjs", '--port', 0,
               '--port-file', $file, '--exit-with-stdin', '--quiet', @args }
        POSIX::_exit(1);
    }

    close $read;

    my $self = bless { pid => $pid, stdin => $write, owner => $$ }, $class;
    my $end = time + 20;

    while (!-f $file) {
        die "the simulator does not start" if time > $end;
        sleep 0.02;
    }

    open my $in, '<', $file or die "$file: $!";
    chomp($self->{port} = <$in>);

    $self->{http} = HTTP::Tiny->new(timeout => 30, keep_alive => 1);

    return $self;
}


sub port { return $_[0]{port} }


sub stop {
    my ($self) = @_;

    return if !$self->{pid} || $self->{owner} != $$;

    local $?;

    close $self->{stdin};
    kill 'TERM', $self->{pid};
    waitpid $self->{pid}, 0;
    delete $self->{pid};
}


sub DESTROY { $_[0]->stop }


# One call of the control API; dies of a mistake in it.

sub control {
    my ($self, $method, $path, $body) = @_;

    my $res = $self->{http}->request($method,
                  "http://127.0.0.1:$self->{port}/_sim/$path",
                  defined $body
                  ? { content => $json->encode($body),
                      headers => { 'Content-Type' => 'application/json' } }
                  : {});

    die "simulator: $method $path: $res->{status} $res->{content}"
        if !$res->{success};

    return length $res->{content} ? $json->decode($res->{content}) : undef;
}


sub reset { $_[0]->control(POST => 'reset', {}) }
sub set { $_[0]->control(POST => 'set', $_[1]) }
sub stats { $_[0]->control(GET => 'stats') }
sub forget { $_[0]->control(DELETE => 'requests') }
sub revoke { $_[0]->control(POST => 'revoke', $_[1] ? { email => $_[1] } : {}) }


# Queues behaviours, for the next requests that match.

sub next {
    my ($self, $behaviours, $match) = @_;

    $behaviours = [$behaviours] if ref $behaviours ne 'ARRAY';

    $self->control(POST => 'next', { behaviours => $behaviours,
                                     $match ? (match => $match) : () });
}


# The records of requests, of one call or of all.

sub requests {
    my ($self, $call) = @_;

    return @{ $self->control(GET => 'requests'
                             . ($call ? "?call=$call" : '')) };
}


sub accounts {
    my ($self) = @_;

    return { map { $_->{email} => $_ } @{ $self->control(GET => 'accounts') } };
}


# How often accounts were signed in, all together.

sub signins {
    my ($self) = @_;

    my $n = 0;
    $n += $_->{signins} for values %{ $self->accounts };
    return $n;
}


1;
