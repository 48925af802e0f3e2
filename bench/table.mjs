// Medians, spread and the printed tables.

const sorted = (values) => [...values].sort((x, y) => x - y);

function median(values) {
    const list = sorted(values);
    const half = list.length >> 1;

    return list.length % 2 ? list[half] : (list[half - 1] + list[half]) / 2;
}

function digits(value) {
    if (Math.abs(value) >= 100) {
        return value.toFixed(0);
    }

    return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

function spread(values) {
    if (!values?.length) {
        return '-';
    }

    const list = sorted(values);

    return `${digits(median(list))} (${digits(list[0])}..` +
           `${digits(list.at(-1))})`;
}

const units = {
    cpu: ' us', memory: ' kB', extra: ' x body', median: ' ms', p99: ' ms',
};

function print(rows) {
    const widths = rows[0].map((_, i) => Math.max(...rows.map(
        (row) => row[i].length)));
    const line = (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i]))
                                 .join(' | ')} |`;

    console.log(line(rows[0]));
    console.log(`|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`);
    rows.slice(1).forEach((row) => console.log(line(row)));
    console.log();
}

// A round's figure of (c) is compared with that of the same round beside it.
function compared(row, figures) {
    const own = figures.c?.map((figure) => figure[row.of]);

    if (!own || !row.base) {
        return own;
    }

    const base = figures[row.base]?.map((figure) => figure[row.of]);

    return base && own.map((value, i) => (row.difference ? value - base[i]
                                                         : value / base[i]));
}

export function printTable(scenarios, figures) {
    const rows = [['scenario', '(a)', '(b)', '(c)', 'compared', 'at most',
                   'holds']];

    for (const scenario of scenarios) {
        for (const row of scenario.rows) {
            const result = compared(row, figures[scenario.name]);
            const value = (variant) => spread(figures[scenario.name][variant]
                ?.map((figure) => figure[row.of]));
            const what = row.difference ? ` - (${row.base}), ms`
                                        : ` / (${row.base})`;

            rows.push([
                `${scenario.title}: ${row.label},${units[row.of]}`,
                value('a'), value('b'), value('c'),
                result ? `${spread(result)}${row.base ? what : ''}` : '-',
                String(row.bar),
                result ? (median(result) <= row.bar ? 'yes' : 'NO') : '-',
            ]);
        }
    }

    print(rows);
}

// How busy everybody was, and that connections were kept.
export function printFigures(scenarios, figures) {
    const rows = [['scenario', 'nginx busy', 'upstream busy', 'load busy',
                   'new upstream connections / calls', 'chunks / request']];
    const percent = (values) => `${(100 * median(values)).toFixed(0)}%`;

    for (const scenario of scenarios) {
        for (const [variant, list] of Object.entries(figures[scenario.name])) {
            if (list[0].nginxBusy === undefined) {
                continue;
            }

            const values = (name) => list.map((figure) => figure[name]);
            const sum = (name) => values(name).reduce((x, y) => x + y, 0);

            rows.push([
                `(${variant}) ${scenario.title}`,
                percent(values('nginxBusy')),
                percent(values('upstreamBusy')),
                percent(values('loadBusy')),
                `${sum('connections')} / ${sum('calls')}`,
                digits(median(values('httpChunks'))),
            ]);
        }
    }

    if (rows.length > 1) {
        print(rows);
    }
}
