// What was asked of the simulator, so that tests can assert what was sent,
// and how often.

const MAX_RECORDS = 1000;
const MAX_BYTES = 256 * 1024 * 1024;


function counters() {
    return {
        requests: 0, calls: {}, statuses: {}, refused: 0, aborted: 0,
        finished: 0, broken: 0, open: 0, max_open: 0, streams: 0,
        connections: 0,
    };
}


export class Records {
    #list = [];
    #bytes = 0;
    #serial = 0;
    stats = counters();
    onEnd = undefined;

    add(fields) {
        this.#serial++;
        const record = { id: this.#serial, time: Date.now(), ...fields };
        this.#list.push(record);
        this.stats.requests++;
        this.stats.calls[record.call] =
            (this.stats.calls[record.call] ?? 0) + 1;
        return record;
    }

    // Large bodies push old records out early.
    addBytes(record, length) {
        record.bytes = length;
        this.#bytes += length;
        while (this.#list.length > MAX_RECORDS
            || (this.#bytes > MAX_BYTES && this.#list.length > 1)) {
            this.#bytes -= this.#list.shift().bytes ?? 0;
        }
    }

    opened() {
        this.stats.streams++;
        this.stats.open++;
        this.stats.max_open = Math.max(this.stats.max_open,
            this.stats.open);
    }

    closed() {
        this.stats.open--;
    }

    ended(record) {
        const status = record.status ?? 'none';
        this.stats.statuses[status] =
            (this.stats.statuses[status] ?? 0) + 1;
        const count = { aborted: 'aborted', done: 'finished',
            broken: 'broken' }[record.outcome];
        this.stats[count]++;
        this.stats.refused += record.refused === undefined ? 0 : 1;
        this.onEnd?.(record);
    }

    find({ call, email, after = 0 } = {}) {
        return this.#list.filter((record) => record.id > after
            && (call === undefined || record.call === call)
            && (email === undefined || record.email === email));
    }

    clear() {
        this.#list = [];
        this.#bytes = 0;
    }

    // Streams that are open stay counted.
    clearStats() {
        const { open } = this.stats;
        this.stats = { ...counters(), open, max_open: open };
    }
}
