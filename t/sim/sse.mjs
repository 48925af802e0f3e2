// An event as bytes, in every form that server-sent events allow.

const EOLS = { lf: '\n', crlf: '\r\n', cr: '\r' };


function asciiOnly(json) {
    return json.replace(/[\u007f-\uffff]/g, (unit) => '\\u'
        + unit.charCodeAt(0).toString(16).padStart(4, '0'));
}


// Line breaks between tokens, so that the data is several lines.
function severalLines(json) {
    try {
        return JSON.stringify(JSON.parse(json), null, 1);
    } catch {
        return json;
    }
}


export class Serializer {
    #behaviour;
    #eol;
    #label;
    #plain;
    #count = 0;

    constructor(behaviour) {
        this.#behaviour = behaviour;
        this.#eol = EOLS[behaviour.eol ?? 'lf'];
        this.#label = behaviour.no_space ? 'data:' : 'data: ';
        this.#plain = !behaviour.comments && !behaviour.fields
            && !behaviour.multiline && !behaviour.ascii
            && !behaviour.slashes;
    }

    // Bytes before the first event.
    preamble() {
        return Buffer.from(this.#behaviour.bom ? '\ufeff' : '');
    }

    // `last`: no event follows, so `tail` decides how it ends.
    event(data, last = false) {
        const end = this.#end(last);
        if (Buffer.isBuffer(data)) {
            return Buffer.concat([
                Buffer.from(this.#extra() + this.#label), data,
                Buffer.from(end),
            ]);
        }
        if (this.#plain) {
            return Buffer.from(this.#label + data + end);
        }
        const lines = this.#encode(data).split('\n')
            .map((line) => this.#label + line);
        return Buffer.from(this.#extra() + lines.join(this.#eol) + end);
    }

    #end(last) {
        const { tail = 'blank' } = this.#behaviour;
        if (!last || tail === 'blank') {
            return this.#eol + this.#eol;
        }
        return tail === 'line' ? this.#eol : '';
    }

    #encode(data) {
        const { multiline, ascii, slashes } = this.#behaviour;
        let json = multiline ? severalLines(data) : data;
        json = ascii ? asciiOnly(json) : json;
        return slashes ? json.replace(/(?<!\\)\//g, '\\/') : json;
    }

    #extra() {
        this.#count++;
        let lines = '';
        if (this.#behaviour.comments) {
            lines += `: comment ${this.#count}${this.#eol}:${this.#eol}`;
        }
        if (this.#behaviour.fields) {
            lines += `event: message${this.#eol}id: ${this.#count}`
                + `${this.#eol}retry: 1000${this.#eol}x-other`
                + this.#eol;
        }
        return lines;
    }
}
