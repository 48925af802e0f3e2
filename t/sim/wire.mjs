// The bytes of one answer on their way out: cut as a behaviour asks, never
// faster than the client reads.

const BULK = 64;


export class Wire {
    #res;
    #behaviour;
    #cuts;
    #pending = [];
    #length = 0;
    #events = 0;
    #perWrite;
    #paced;
    sent = 0;

    // bulk: many events, so several go in one write unless told otherwise
    constructor(res, behaviour, { bulk = false } = {}) {
        this.#res = res;
        this.#behaviour = behaviour;
        this.#cuts = behaviour.split === undefined
            && behaviour.split_at === undefined ? null : cuts(behaviour);
        this.#perWrite = behaviour.per_write ?? (bulk ? BULK : 1);
        this.#paced = !bulk || behaviour.per_write !== undefined;
    }

    get gone() {
        return this.#res.destroyed || this.#res.socket?.destroyed === true;
    }

    head(status, headers) {
        if (this.#behaviour.close) {
            this.#res.shouldKeepAlive = false;
        }
        this.#res.writeHead(status, headers);
        this.#res.flushHeaders();
    }

    // One event, or any bytes that count as one.
    async write(bytes) {
        this.#pending.push(bytes);
        this.#length += bytes.length;
        this.#events++;
        if (this.#cuts !== null) {
            await this.#cutPending();
        } else if (this.#events >= this.#perWrite) {
            await this.flush();
        }
        if (this.#behaviour.interval > 0) {
            await this.flush();
            await this.pause(this.#behaviour.interval);
        }
    }

    async flush() {
        if (this.#length > 0) {
            await this.#push(this.#takePending());
        }
        this.#events = 0;
    }

    async end() {
        await this.flush();
        if (!this.gone) {
            await new Promise((resolve) => {
                this.#res.once('close', resolve);
                this.#res.end(resolve);
            });
        }
    }

    // Waits; the client's leaving ends it.  ms null: until then.
    async pause(ms) {
        if (this.gone) {
            return;
        }
        await new Promise((resolve) => {
            const timer = ms === null ? undefined : setTimeout(done, ms);
            const res = this.#res;
            function done() {
                clearTimeout(timer);
                res.off('close', done);
                resolve();
            }
            res.on('close', done);
        });
    }

    // Ends the connection without ending the answer: by a reset, or by a
    // FIN as if all were well.
    async breakOff(how) {
        await this.flush();
        const { socket } = this.#res;
        if (!socket || socket.destroyed) {
            return;
        }
        if (this.#res.headersSent) {
            await this.pause(20);
        }
        if (how === 'cut') {
            socket.destroySoon();
        } else if (socket.encrypted) {
            socket.destroy();
        } else {
            socket.resetAndDestroy();
        }
    }

    async #cutPending() {
        let bytes = this.#takePending();
        let size = this.#cuts(this.sent);
        while (bytes.length >= size && !this.gone) {
            await this.#push(bytes.subarray(0, size));
            bytes = bytes.subarray(size);
            size = this.#cuts(this.sent);
        }
        if (bytes.length > 0) {
            this.#pending.push(bytes);
            this.#length = bytes.length;
        }
    }

    #takePending() {
        const bytes = this.#pending.length === 1 ? this.#pending[0]
            : Buffer.concat(this.#pending, this.#length);
        this.#pending = [];
        this.#length = 0;
        return bytes;
    }

    async #push(bytes) {
        if (this.gone) {
            return;
        }
        this.sent += bytes.length;
        if (!this.#res.write(bytes)) {
            await this.#drained();
        }
        if (this.#paced || this.#cuts !== null) {
            await new Promise((resolve) => { setImmediate(resolve); });
        }
    }

    #drained() {
        const res = this.#res;
        return new Promise((resolve) => {
            function done() {
                res.off('drain', done);
                res.off('close', done);
                resolve();
            }
            res.on('drain', done);
            res.on('close', done);
        });
    }
}


// (offset) => bytes until the next cut.  split: sizes that take turns;
// split_at: offsets.
function cuts({ split, split_at }) {
    if (split_at !== undefined) {
        const places = [split_at].flat();
        return (offset) => (places.find((place) => place > offset)
            ?? Infinity) - offset;
    }
    const sizes = [split].flat();
    let turn = 0;
    let end = 0;
    return (offset) => {
        if (offset >= end) {
            end = offset + sizes[turn++ % sizes.length];
        }
        return end - offset;
    };
}
