
#include "test.h"
#include "qwen_memory.h"


static void
test_alloc(void **state)
{
    size_t          i, j, len;
    uint8_t        *blocks[200];
    qwen_memory_t   memory;

    (void) state;

    qwen_memory_init(&memory, 1 << 20);

    for (i = 0; i < test_count(blocks); i++) {
        len = i * 7 % 300;
        blocks[i] = qwen_memory_alloc(&memory, len);

        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t) blocks[i] % _Alignof(max_align_t), 0);

        for (j = 0; j < len; j++) {
            assert_int_equal(blocks[i][j], 0);
        }

        memset(blocks[i], (int) i, len);
    }

    for (i = 0; i < test_count(blocks); i++) {
        for (j = 0; j < i * 7 % 300; j++) {
            assert_int_equal(blocks[i][j], (uint8_t) i);
        }
    }

    qwen_memory_free(&memory);
    assert_null(memory.chunks);
    assert_int_equal(memory.size, 0);
    assert_int_equal(memory.max, 1 << 20);

    /* it can be used again */

    assert_non_null(qwen_memory_alloc(&memory, 1));
    qwen_memory_free(&memory);
}


static void
test_cap(void **state)
{
    size_t         n;
    qwen_memory_t  memory;

    (void) state;

    qwen_memory_init(&memory, 0);
    assert_null(qwen_memory_alloc(&memory, 1));
    qwen_memory_free(&memory);

    qwen_memory_init(&memory, 1000);
    assert_null(qwen_memory_alloc(&memory, 1001));
    assert_null(qwen_memory_alloc(&memory, SIZE_MAX));
    assert_null(qwen_memory_alloc(&memory, SIZE_MAX - 100));

    for (n = 0; qwen_memory_alloc(&memory, 32); n++) {
        assert_true(n < 1000);
    }

    assert_int_equal(n, 1000 / 32);
    assert_true(memory.size <= 1000);
    qwen_memory_free(&memory);

    /* all chunks together */

    qwen_memory_init(&memory, 100 * 1024);

    for (n = 0; qwen_memory_alloc(&memory, 1024); n++) {
        assert_true(n < 1000);
    }

    assert_int_equal(n, 100);
    assert_int_equal(memory.size, 100 * 1024);
    qwen_memory_free(&memory);
}


/* A large block gets a chunk of its own, small ones go on where they were. */
static void
test_large(void **state)
{
    size_t          i, size;
    uint8_t        *large;
    qwen_memory_t   memory;

    (void) state;

    qwen_memory_init(&memory, 1 << 20);

    assert_non_null(qwen_memory_alloc(&memory, 10));

    large = qwen_memory_alloc(&memory, 100000);
    assert_non_null(large);
    memset(large, 'x', 100000);

    size = memory.size;

    for (i = 0; i < 100; i++) {
        assert_non_null(qwen_memory_alloc(&memory, 10));
    }

    assert_int_equal(memory.size, size);

    qwen_memory_free(&memory);
}


static void
test_array(void **state)
{
    qwen_memory_t  memory;

    (void) state;

    qwen_memory_init(&memory, SIZE_MAX);

    assert_non_null(qwen_memory_array(&memory, 0, 8));
    assert_non_null(qwen_memory_array(&memory, 8, 0));
    assert_non_null(qwen_memory_array(&memory, 1000, 8));
    assert_null(qwen_memory_array(&memory, SIZE_MAX / 8 + 1, 8));
    assert_null(qwen_memory_array(&memory, SIZE_MAX / 8, 8));
    assert_null(qwen_memory_array(&memory, SIZE_MAX, 2));

    qwen_memory_free(&memory);
}


static void
test_copies(void **state)
{
    uint8_t        *bytes;
    qwen_str_t      to;
    qwen_memory_t   memory;

    (void) state;

    qwen_memory_init(&memory, 64);

    assert_true(qwen_memory_copy(&memory, (qwen_str_t) { NULL, 0 }, &to));
    assert_null(to.data);
    assert_int_equal(to.len, 0);
    assert_null(memory.chunks);

    bytes = test_copy("a\0b", 3);
    assert_true(qwen_memory_copy(&memory, (qwen_str_t) { bytes, 3 }, &to));
    free(bytes);
    test_assert_bytes(to, "a\0b", 3);

    assert_false(qwen_memory_copy(&memory, test_str("123456789012345678901234"
                                                    "567890123456789012345678"
                                                    "901234567890"), &to));
    qwen_memory_free(&memory);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_alloc),
        cmocka_unit_test(test_cap),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_array),
        cmocka_unit_test(test_copies)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
