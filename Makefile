# make               build/ngx_http_qwen_module.so for the installed nginx
#                    (NGINX_SRC=dir: for that source tree of nginx)
# make run           everything up to a gateway on 127.0.0.1:3000
# make test          every test, plain and with sanitizers
# make install       module and include file to where nginx looks (DESTDIR)
# make fuzz          each fuzzer for FUZZ_TIME seconds
# make bench         figures of speed and memory
# make lib           build/libqwen.a, the layers without nginx
# make unit          unit tests only
# make clean
# make help          this text

BUILD =		build
NGINX ?=		nginx
NGINX_SRC ?=
FUZZ_TIME ?=	60

MODULE =	$(BUILD)/ngx_http_qwen_module.so

# the layers without nginx, and what each of them may include

LAYERS =	proto dialect stage provider record
LIB_SRCS =	$(sort $(wildcard $(LAYERS:%=src/%/*.c)))
LIB_FLAGS =	-std=c11 -O2 -g -Wall -Wextra -Werror -MMD -MP
LIB_LIBS =	-lcjson -lhiredis -lcrypto

UNIT_SRCS =	$(sort $(wildcard t/unit/*_test.c))
POOL_SRCS =	$(sort $(wildcard t/unit/pool/*_test.c))
STORE_SRCS =	$(sort $(wildcard t/unit/store/*_test.c))
FUZZ_SRCS =	$(sort $(wildcard t/fuzz/*_fuzz.c))
FUZZERS =	$(FUZZ_SRCS:t/fuzz/%.c=%)

OPTIMIZED =	-O2
UBSAN =		-fsanitize=address,undefined \
		-fno-sanitize-recover=undefined -fno-omit-frame-pointer

# nginx built from source, for tests

NGINX_1_22 =	$(BUILD)/source/nginx-1.22
NGINX_1_26 =	$(BUILD)/source/nginx-1.26
SANITIZE =	$(BUILD)/nginx-1.22-sanitize
NEWER =		$(BUILD)/nginx-1.26-debug


# nginx must not see NGINX, it would take it for sockets to inherit; and it is
# not where others than root look for programs

unexport NGINX
export PATH := $(PATH):/usr/sbin

# not_empty (variables): a list that came out empty is no success

not_empty =	$(foreach list,$(1),$(if $(strip $($(list))),, \
			$(error $(list) is empty)))


.PHONY: module install run help clean lib lib-clang unit unit-sanitize check \
	fuzz bench test test-simulator test-nginx test-e2e \
	test-nginx-sanitize test-e2e-sanitize test-newer test-valgrind \
	sanitize newer FORCE

module: $(MODULE)

$(MODULE): FORCE
	@CC='$(CC)' NGINX='$(NGINX)' \
		tools/nginx-build.sh module $(BUILD)/module $(NGINX_SRC)
	@cmp -s $(BUILD)/module/$(@F) $@ || { cp $(BUILD)/module/$(@F) $@.new; mv $@.new $@; }

install: $(MODULE)
	@NGINX='$(NGINX)' tools/install.sh $(MODULE) $(BUILD)/module/version \
		conf/qwen_upstream.conf

run:
	@tools/run.sh

help:
	@sed -n '/^#/!q; s/^# //p' $(firstword $(MAKEFILE_LIST))

clean:
	rm -rf $(BUILD) t/servroot t/e2e/node_modules


# The plain layers, once for each set of compiler and flags.  A layer sees its
# own headers and those of proto: nothing of nginx, nothing of its neighbours.

# flavour (name, compiler, flags)

define flavour

$(BUILD)/$(1)/src/%.o: src/%.c
	@mkdir -p $$(@D)
	@$(2) $(LIB_FLAGS) $(3) -Isrc/proto -c -o $$@ $$<

$(BUILD)/$(1)/libqwen.a: $(LIB_SRCS:%.c=$(BUILD)/$(1)/%.o)
	@rm -f $$@
	@ar rcs $$@ $$^

$(BUILD)/$(1)/t/%.o: t/%.c
	@mkdir -p $$(@D)
	@$(2) $(LIB_FLAGS) $(3) $(LAYERS:%=-Isrc/%) -c -o $$@ $$<

$(BUILD)/$(1)/%_test: $(BUILD)/$(1)/t/unit/%_test.o $(BUILD)/$(1)/libqwen.a
	@$(2) $(3) -o $$@ $$^ -lcmocka $(LIB_LIBS)

.SECONDARY: $(UNIT_SRCS:%.c=$(BUILD)/$(1)/%.o)

-include $(patsubst %.c,$(BUILD)/$(1)/%.d,$(LIB_SRCS) $(UNIT_SRCS))

endef

$(eval $(call flavour,plain,$(CC),))
$(eval $(call flavour,clang,clang,))
$(eval $(call flavour,sanitize,clang,-O1 $(UBSAN)))
$(eval $(call flavour,fuzz,clang,-O1 -fsanitize=fuzzer-no-link $(UBSAN)))

lib: $(BUILD)/libqwen.a

$(BUILD)/libqwen.a: $(BUILD)/plain/libqwen.a
	@cp $< $@

lib-clang: $(BUILD)/clang/libqwen.a


# Unit tests.  Those of the pool and of stores are linked with all of nginx but
# its main(): of the newer nginx the plain ones, of the one with sanitizers the
# others.

POOL_TESTS =	$(POOL_SRCS:t/unit/%.c=%)
STORE_TESTS =	$(STORE_SRCS:t/unit/%.c=%)
UNIT_TESTS =	$(UNIT_SRCS:t/unit/%.c=%) $(POOL_TESTS) $(STORE_TESTS)

POOL_SHARED =	t/unit/pool/fixture.c
STORE_SHARED =	$(addprefix t/unit/store/,client.c loop.c real.c \
			server.c)

NGINX_INCS =	src/core src/event src/event/modules src/os/unix objs
NGINX_FLAGS =	-O1 -g -W -Wall -Wpointer-arith -Wno-unused-parameter -Werror \
		-DNGX_DEBUG_PALLOC=1 -Isrc/proto -Isrc/record -Isrc/pool \
		-Isrc/store -It/unit/pool
NGINX_LIBS =	-lpcre2-8 -lssl -lcrypto -lz -lcrypt -lpthread -lcjson -lhiredis
NOT_LINKED =	nginx.o ngx_http_qwen_module_modules.o

# nginx_objects (nginx build)

nginx_objects =	$(shell find $(1)/source/objs -name '*.o' \
			$(NOT_LINKED:%=! -name %))

# link_nginx (target, sources, compiler, name of flags, nginx build); the name,
# as flags hold commas

define link_nginx
	@mkdir -p $(dir $(1))
	@objcopy --redefine-sym main=nginx_main \
		$(5)/source/objs/src/core/nginx.o $(1).nginx.o
	@$(3) $(NGINX_FLAGS) $($(4)) $(NGINX_INCS:%=-I$(5)/source/%) -o $(1) \
		$(2) $(1).nginx.o \
		$(call nginx_objects,$(5)) -lcmocka $(NGINX_LIBS)
endef

# nginx_tests (flavour, compiler, name of flags, nginx build, its target)

define nginx_tests

$(POOL_TESTS:%=$(BUILD)/$(1)/%): $(BUILD)/$(1)/%: t/unit/%.c $(5)
	$$(call link_nginx,$$@,$$< $(POOL_SHARED),$(2),$(3),$(4))

$(STORE_TESTS:%=$(BUILD)/$(1)/%): $(BUILD)/$(1)/%: t/unit/%.c $(5)
	$$(call link_nginx,$$@,$$< $(STORE_SHARED),$(2),$(3),$(4))

endef

$(eval $(call nginx_tests,plain,gcc,,$(NEWER),newer))
$(eval $(call nginx_tests,sanitize,clang,UBSAN,$(SANITIZE),sanitize))

unit: $(UNIT_TESTS:%=$(BUILD)/plain/%)
	@$(call not_empty,UNIT_SRCS POOL_SRCS STORE_SRCS)
	@tools/each.sh $^

unit-sanitize: $(UNIT_TESTS:%=$(BUILD)/sanitize/%)
	@$(call not_empty,UNIT_SRCS POOL_SRCS STORE_SRCS)
	@tools/sanitized.sh $(BUILD)/reports tools/each.sh $^


# fuzzers: what they find new goes to build/, the corpus stays as it is

$(BUILD)/fuzz/%_fuzz: t/fuzz/%_fuzz.c $(BUILD)/fuzz/libqwen.a
	@clang $(LIB_FLAGS) -O1 $(UBSAN) -fsanitize=fuzzer $(LAYERS:%=-Isrc/%) \
		-MF $@.d -o $@ $(filter %.c %.a,$^) $(LIB_LIBS)

-include $(FUZZERS:%=$(BUILD)/fuzz/%.d)

fuzz: $(FUZZERS:%=$(BUILD)/fuzz/%)
	@$(call not_empty,FUZZ_SRCS)
	@FUZZ_TIME=$(FUZZ_TIME) tools/fuzz.sh $(BUILD)/fuzz $^


# nginx with the module and sanitizers; a newer nginx

sanitize: $(NGINX_1_22)/configure
	@CC=clang tools/nginx-build.sh sanitize $(SANITIZE) $(NGINX_1_22)

newer: $(NGINX_1_26)/configure
	@CC=gcc tools/nginx-build.sh debug $(NEWER) $(NGINX_1_26)

$(NGINX_1_22)/configure:
	@tools/install-packages.sh source bookworm $(@D)

$(NGINX_1_26)/configure:
	@tools/install-packages.sh source trixie $(@D)


# Tests.  All suites find nginx and the module through the two variables of
# Test::Nginx: TEST_NGINX_BINARY, and TEST_NGINX_LOAD_MODULES, which is empty
# where the module is linked in.

SUITES =	$(sort $(wildcard t/*.t))
SIM_TESTS =	$(sort $(wildcard t/sim/*.test.mjs))
E2E_TESTS =	$(sort $(wildcard t/e2e/*.test.mjs))

PLAIN_NGINX =	TEST_NGINX_BINARY=$(NGINX) \
		TEST_NGINX_LOAD_MODULES=$(abspath $(MODULE))
SANE_NGINX =	TEST_NGINX_BINARY=$(abspath $(SANITIZE)/nginx) \
		TEST_NGINX_LOAD_MODULES=
NEWER_NGINX =	TEST_NGINX_LOAD_MODULES=$(abspath \
			$(NEWER)/ngx_http_qwen_module.so)

# each file of tests has a port and a directory of its own and they run at once

PROVE =		prove -j3 -e tools/suite.sh

TEST_STAGES =	check lib-clang module newer sanitize unit unit-sanitize fuzz \
		test-simulator test-nginx test-e2e test-newer test-valgrind \
		test-nginx-sanitize test-e2e-sanitize

test:
	@tools/install-packages.sh test
	@FUZZ_TIME=5 NGINX='$(NGINX)' tools/stages.sh $(TEST_STAGES)

check:
	@tools/check-sources.sh

test-simulator:
	@$(call not_empty,SIM_TESTS)
	node --test $(SIM_TESTS)

test-nginx: module
	@$(call not_empty,SUITES)
	$(PLAIN_NGINX) $(PROVE) $(SUITES)

test-e2e: module t/e2e/node_modules
	@$(call not_empty,E2E_TESTS)
	$(PLAIN_NGINX) node --test $(E2E_TESTS)

test-nginx-sanitize: sanitize
	@$(call not_empty,SUITES)
	$(SANE_NGINX) tools/sanitized.sh $(BUILD)/reports \
		$(PROVE) $(SUITES)

test-e2e-sanitize: sanitize t/e2e/node_modules
	@$(call not_empty,E2E_TESTS)
	$(SANE_NGINX) tools/sanitized.sh $(BUILD)/reports \
		node --test $(E2E_TESTS)

test-newer: newer
	$(NEWER_NGINX) TEST_NGINX_BINARY=$(abspath $(NEWER)/nginx) \
		$(PROVE) t/smoke.t

test-valgrind: newer
	$(NEWER_NGINX) tools/valgrinded.sh $(BUILD)/reports \
		$(abspath $(NEWER)/nginx) $(PROVE) t/smoke.t

t/e2e/node_modules: t/e2e/package.json
	cd t/e2e && npm install --no-package-lock --no-audit --no-fund
	@touch $@

bench: module $(BUILD)/plain/pool_bench
	bench/run
	$(BUILD)/plain/pool_bench

$(BUILD)/plain/pool_bench: bench/pool_bench.c newer
	$(call link_nginx,$@,$< $(POOL_SHARED),gcc,OPTIMIZED,$(NEWER))
