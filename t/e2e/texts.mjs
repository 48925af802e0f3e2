// Texts that have to arrive as they are, and what the tests read them with.

export const MODEL = 'qwen3-max';

export const TEXTS = {
    ascii: 'The quick brown fox jumps over the lazy dog.',
    escapes: 'quote " backslash \\ slash / \b\f\n\r\t and \\u0041 \\n',
    controls: String.fromCharCode(...Array.from({ length: 32 },
        (_, code) => code), 0x7f, 0x80, 0x9f),
    latin: 'naïve café Ærøskøbing Straße ſ ﬁ',
    combining: 'e\u0301 a\u030a\u0323 Z\u0351\u036b\u0343\u036a',
    scripts: 'Ελληνικά Русский עברית العربية हिन्दी ไทย 한국어',
    cjk: '春眠不覺曉,處處聞啼鳥。ひらがなカタカナ 𠮷野家 㐀 𪚥',
    emoji: '😀 👩‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 👍🏽 🇩🇪 ❤️ 1️⃣',
    direction: 'a\u202eb\u202cc\u200fd\u2066e\u2069\u200b\u200d\ufeff',
    separators: 'a\u2028b\u2029c\u0085d\u00a0e\u3000f',
    noncharacters: '\ufffd\ufffe\uffff\ufdd0\u{1fffe}\u{10ffff}\ue000',
    borders: '\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff\u{10000}',
    markup: '<|user|> </think> <script>&amp;</script> data: [DONE]\n\n',
    json: '{"choices":[{"delta":{"content":"no"}}]}\n\ndata: {"error":{}}',
};

export const ALL_TEXTS = Object.values(TEXTS).join('\n');


// A text of many characters, the same for the same seed.
export function longText(length, seed = 1) {
    const list = [];
    let state = seed;
    for (let i = 0; i < length; i++) {
        state = (state * 1103515245 + 12345) % 0x80000000;
        const range = [[0x20, 0x7e], [0xa0, 0x24f], [0x4e00, 0x9fff],
            [0x1f300, 0x1f5ff]][i % 4];
        list.push(range[0] + state % (range[1] - range[0] + 1));
    }
    return list.map((code) => String.fromCodePoint(code)).join('');
}


// The list of { role, text } in a folded history, read as its form is
// described and with nothing else to go by.
export function unfold(folded) {
    const turns = [];
    for (const line of folded.split('\n')) {
        const mark = /^<\|([a-z]+)\|>$/.exec(line);
        if (mark) {
            turns.push({ role: mark[1], lines: [] });
        } else {
            turns.at(-1).lines.push(line.replace(/^\\(\\*<\|)/, '$1'));
        }
    }
    return turns.map(({ role, lines }, i) => {
        const isLast = i === turns.length - 1;
        return { role, text: (isLast ? lines : lines.slice(0, -1))
            .join('\n') };
    });
}


export function user(content) {
    return [{ role: 'user', content }];
}


// All chunks of a stream, and what they say together.
export async function collect(stream) {
    const chunks = [];
    for await (const chunk of stream) {
        chunks.push(chunk);
    }
    return { chunks, ...together(chunks) };
}


export function together(chunks) {
    const deltas = chunks.flatMap(({ choices }) => choices)
        .map(({ delta }) => delta);
    const joined = (name) => deltas.map((delta) => delta[name] ?? '')
        .join('');
    return {
        content: joined('content'),
        reasoning: joined('reasoning_content'),
        annotations: deltas.flatMap(({ annotations }) => annotations ?? []),
        finish: chunks.map(({ choices }) => choices[0]?.finish_reason)
            .find((reason) => reason),
        usage: chunks.at(-1)?.usage,
    };
}
