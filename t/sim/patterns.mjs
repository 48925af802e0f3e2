// Text for events of an exact size.  Tests import eventText() to know what
// must arrive.

const UNITS = {
    ascii: 'abcdefghijklmnopqrstuvwxyz ',
    cjk: '春眠不覺曉處處聞啼鳥夜來風雨聲花落知多少',
    emoji: '😀🚀🧡🦊🌍🎈🍀🐙',
    escapes: '"\\/\b\f\n\r\t\u0001\u001f\u007f',
    mixed: 'a"é\n漢\\😀\tπ/🦊\u2028z',
};

export const PATTERNS = Object.keys(UNITS);

const fillers = new Map();


// Text of exactly `size` UTF-8 bytes.
function filler(pattern, size) {
    const key = `${pattern}:${size}`;
    let text = fillers.get(key);
    if (text === undefined) {
        text = makeFiller([...UNITS[pattern]], size);
        if (fillers.size > 64) {
            fillers.clear();
        }
        fillers.set(key, text);
    }
    return text;
}


function makeFiller(characters, size) {
    const parts = [];
    let left = size;
    for (let i = 0; left > 0; i++) {
        const character = characters[i % characters.length];
        const bytes = Buffer.byteLength(character);
        if (bytes > left) {
            parts.push('.'.repeat(left));
            break;
        }
        parts.push(character);
        left -= bytes;
    }
    return parts.join('');
}


// The text of event `index` (from 0): from 9 bytes on it begins with its
// index in eight digits and a space, so that loss and disorder show.
export function eventText(pattern, size, index) {
    if (size < 9) {
        return filler(pattern, size);
    }
    return String(index).padStart(8, '0') + ' ' + filler(pattern, size - 9);
}


// The whole text of one `events` entry or a list of them.
export function eventsText(events) {
    const parts = [];
    for (const { count, size, pattern = 'ascii' } of [events].flat()) {
        for (let i = 0; i < count; i++) {
            parts.push(eventText(pattern, size, i));
        }
    }
    return parts.join('');
}


// Pieces of a text, cut between code points.
export function pieces(text, size) {
    const characters = Array.from(text);
    const list = [];
    for (let i = 0; i < characters.length; i += size) {
        list.push(characters.slice(i, i + size).join(''));
    }
    return list;
}
