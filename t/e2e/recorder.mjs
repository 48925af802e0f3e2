// Keeps what clients of the SDK got, as it was on the wire, for checks at the
// end of a test file.

export const exchanges = [];


export class Exchange {
    #parts = [];
    complete = false;

    constructor(url, init, response) {
        this.method = init.method ?? 'GET';
        this.path = new URL(url).pathname;
        this.requestHeaders = new Headers(init.headers);
        this.status = response.status;
        this.headers = response.headers;
    }

    add(part) {
        this.#parts.push(part);
    }

    get text() {
        return decoded(Buffer.concat(this.#parts));
    }

    // Of a stream that the client left in the middle of an event, too.
    get wholeEvents() {
        const bytes = Buffer.concat(this.#parts);
        const end = bytes.lastIndexOf('\n\n');
        return decoded(bytes.subarray(0, end < 0 ? 0 : end + 2));
    }

    get isStream() {
        return this.headers.get('content-type')
            ?.startsWith('text/event-stream') ?? false;
    }

    get name() {
        return `${this.method} ${this.path}: ${this.status}`;
    }
}


function decoded(bytes) {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
        .decode(bytes);
}


// What stands behind "data: " in a whole stream that has nothing but such
// events and comments, ended by blank lines.
export function eventData(text) {
    const blocks = text.split('\n\n');
    if (blocks.pop() !== '') {
        throw new Error('the last event has no end');
    }
    return blocks.filter((block) => !block.startsWith(':')).map((block) => {
        const found = /^data: ([^\n]+)$/.exec(block);
        if (found === null) {
            throw new Error(`no event: ${block}`);
        }
        return found[1];
    });
}


export class Recorder {
    exchanges = [];

    // For the SDK's option of this name; does not change what passes.
    fetch = async (url, init = {}) => {
        const response = await fetch(url, init);
        const exchange = new Exchange(url, init, response);
        this.exchanges.push(exchange);
        exchanges.push(exchange);
        if (response.body === null) {
            exchange.complete = true;
            return response;
        }
        const body = response.body.pipeThrough(new TransformStream({
            transform(part, controller) {
                exchange.add(part);
                controller.enqueue(part);
            },
            flush() {
                exchange.complete = true;
            },
        }));
        return new Response(body, {
            status: response.status,
            statusText: response.statusText,
            headers: response.headers,
        });
    };

    last() {
        return this.exchanges.at(-1);
    }
}
