package QwenTest::Answer;

# What a client makes of an answer: an error object, a completion or a stream
# of chunks.  All that is wrong with its form is in $answer->{wrong}.

use strict;
use warnings;

use JSON::PP;

my $json = JSON::PP->new->utf8->allow_nonref->canonical;
my $uuid = qr/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/;

# a chunk with text, as nearly all of them are; JSON::PP is slow
my $plain = qr/\A\{"id":"(chatcmpl-$uuid)","object":"chat\.completion\.chunk","created":(\d+),"model":"([^"\\]*)","choices":\[\{"index":0,"delta":\{"(content|reasoning_content)":"/;
my $plain_end = qr/"\},"logprobs":null,"finish_reason":null\}\](?:,"usage":null)?\}\z/;

my %escape = ('"' => '"', '\\' => '\\', '/' => '/', b => "\b", f => "\f",
              n => "\n", r => "\r", t => "\t");


sub parse {
    my ($class, $body) = @_;

    my $self = bless { wrong => [], text => '', reasoning => '', chunks => [],
                       n => 0 }, $class;

    if ($body =~ /\A(?:data: |: )/) {
        $self->{stream} = 1;
        $self->read_stream($body);

    } else {
        $self->read_whole($body);
    }

    return $self;
}


sub wrong {
    my ($self, $what) = @_;
    push @{ $self->{wrong} }, $what if @{ $self->{wrong} } < 10;
}


sub read_whole {
    my ($self, $body) = @_;

    my $object = eval { $json->decode($body) };

    if (ref $object ne 'HASH') {
        $self->wrong("no JSON object: " . substr($body, 0, 200));
        return;
    }

    $self->{object} = $object;

    return $self->read_error($object) if exists $object->{error};
    return if ($object->{object} // '') ne 'chat.completion';

    my $choice = $object->{choices}[0];
    my $message = $choice->{message};
    my $usage = $object->{usage};

    $self->add(text => $message->{content} // '');
    $self->add(reasoning => $message->{reasoning_content} // '');
    $self->{annotations} = $message->{annotations};
    $self->{finish} = $choice->{finish_reason};
    $self->{usage} = $usage;
    $self->{done} = 1;

    $self->wrong('id') if $object->{id} !~ /\Achatcmpl-$uuid\z/;
    $self->wrong('created') if abs($object->{created} - time) > 120;
    $self->wrong('choices') if @{ $object->{choices} } != 1;
    $self->wrong('role') if $message->{role} ne 'assistant';
    $self->wrong('refusal') if !exists $message->{refusal}
                               || defined $message->{refusal};
    $self->wrong('logprobs') if !exists $choice->{logprobs};
    $self->check_usage;
}


sub check_usage {
    my ($self) = @_;

    my $usage = $self->{usage};

    return $self->wrong('no usage') if ref $usage ne 'HASH';

    $self->wrong('usage: total')
        if $usage->{total_tokens}
           != $usage->{prompt_tokens} + $usage->{completion_tokens};

    $self->wrong('usage: details')
        if ref $usage->{completion_tokens_details} ne 'HASH'
           || $usage->{completion_tokens_details}{reasoning_tokens} !~ /^\d+$/;
}


sub read_error {
    my ($self, $object) = @_;

    my $error = $object->{error};

    $self->{error} = $error;

    $self->wrong('error members: ' . join ' ', sort keys %$object)
        if keys %$object != 1;

    $self->wrong('error object: ' . $json->encode($error))
        if ref $error ne 'HASH'
           || "@{[sort keys %$error]}" ne 'code message param type'
           || !length($error->{message} // '') || !length($error->{type} // '');
}


sub read_stream {
    my ($self, $body) = @_;

    my $at = 0;

    while ($at < length $body) {
        my $end = index $body, "\n\n", $at;

        if ($end < 0) {
            $self->wrong('an event is cut off: ' . substr($body, $at, 100));
            return;
        }

        $self->read_event(substr $body, $at, $end - $at);
        $at = $end + 2;
    }
}


sub read_event {
    my ($self, $event) = @_;

    if ($event =~ /\A: /) {
        $self->{comments}++;
        return;
    }

    if ($event !~ s/\Adata: //) {
        return $self->wrong('no data: ' . substr($event, 0, 100));
    }

    return $self->wrong('behind the end: ' . substr($event, 0, 100))
        if $self->{done} || $self->{error};

    if ($event eq '[DONE]') {
        $self->{done} = 1;
        $self->wrong('[DONE] without finish_reason') if !defined $self->{finish};
        return;
    }

    $self->{n}++;

    return if $self->read_plain($event);

    my $object = eval { $json->decode($event) };

    if (ref $object ne 'HASH') {
        return $self->wrong('no JSON object: ' . substr($event, 0, 200));
    }

    return $self->read_error($object) if exists $object->{error};

    push @{ $self->{chunks} }, $object;
    $self->check_chunk(@$object{qw( id created model )});
    $self->wrong('object') if $object->{object} ne 'chat.completion.chunk';

    my $choices = $object->{choices};

    if (!@$choices) {
        $self->{usage} = $object->{usage};
        $self->check_usage;
        $self->wrong('usage before finish') if !defined $self->{finish};
        return;
    }

    my ($choice) = @$choices;
    my $delta = $choice->{delta};

    $self->wrong('behind the finish') if defined $self->{finish};
    $self->wrong('index') if $choice->{index} ne '0';

    if ($self->{n} == 1) {
        $self->wrong('first chunk: ' . $event)
            if $json->encode($delta) ne '{"content":"","role":"assistant"}';

    } elsif (exists $delta->{role}) {
        $self->wrong('a role again');
    }

    $self->add(text => $delta->{content} // '');
    $self->add(reasoning => $delta->{reasoning_content} // '');
    $self->{annotations} = $delta->{annotations} if $delta->{annotations};
    $self->{finish} = $choice->{finish_reason};

    $self->wrong('finish with a delta')
        if defined $self->{finish} && keys %$delta;
}


sub check_chunk {
    my ($self, $id, $created, $model) = @_;

    my $head = "$id $created $model";

    $self->wrong("id, created or model changed: $head")
        if ($self->{head} //= $head) ne $head;

    $self->wrong('id') if $id !~ /\Achatcmpl-$uuid\z/;
}


sub read_plain {
    my ($self, $event) = @_;

    $event =~ $plain or return 0;

    my ($id, $created, $model, $kind, $start) = ($1, $2, $3, $4, $+[0]);

    $event =~ $plain_end or return 0;

    my $text = substr $event, $start, $-[0] - $start;
    my $copy = $text;

    return 0 if !utf8::decode($copy) || !utf8::decode($model);

    pos($text) = 0;

    while ($text =~ /\G(?:[^"\\\x00-\x1f]++|\\["\\\/bfnrt]|\\u[0-9a-fA-F]{4})/gc) {}

    return 0 if (pos($text) // 0) != length $text;

    $self->wrong('an empty text') if !length $text;
    $self->wrong('behind the finish') if defined $self->{finish};
    $self->wrong('text before the role') if $self->{n} == 1;
    $self->check_chunk($id, $created, $model);

    if ($copy =~ /\\/) {
        $copy =~ s{\\(?:u([dD][89abAB]..)\\u([dD][c-fC-F]..)|u(....)|(.))}
                  {defined $1 ? chr(0x10000 + ((hex($1) & 0x3ff) << 10)
                                    + (hex($2) & 0x3ff))
                   : defined $3 ? chr hex $3 : $escape{$4}}gse;
    }

    $self->add($kind eq 'content' ? 'text' : 'reasoning', $copy);

    return 1;
}


sub add {
    my ($self, $to, $text) = @_;

    utf8::encode($text);
    $self->{$to} .= $text;
}


# What chunked bytes hold.

sub dechunk {
    my ($bytes) = @_;

    my ($plain, $at) = ('', 0);

    while (substr($bytes, $at, 20) =~ /\A([0-9a-f]+)\r\n/) {
        my $size = hex $1;
        $plain .= substr $bytes, $at + length($1) + 2, $size;
        $at += length($1) + 4 + $size;
    }

    return $plain;
}


1;
