// A host that ends in many ways. Arguments: the module, and how to end. It writes each answer on a line of its own.
// It uses no PKCS#11 header: the few calls it makes are declared here.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long ck;
static void *module;
static const char *how;
static ck session;
static atomic_int calling;

#define FUNCTION(name, ...) ((ck(*)(__VA_ARGS__))symbol(name))

static void *symbol(const char *name)
{
    void *address = dlsym(module, name);
    if (!address) {
        fprintf(stderr, "no %s: %s\n", name, dlerror());
        _exit(2);
    }
    return address;
}

static void say(const char *what, ck answer)
{
    printf("%s 0x%lx\n", what, answer);
    fflush(stdout);
}

static ck info(void)
{
    char room[256];
    return FUNCTION("C_GetInfo", void *)(room);
}

static ck slots(unsigned char present, ck *list, ck *count)
{
    return FUNCTION("C_GetSlotList", unsigned char, ck *, ck *)(present, list, count);
}

// Registered before C_Initialize, so it runs after the module's own exit handler.
static void at_exit(void)
{
    if (!strcmp(how, "unload")) {
        printf("at exit: unloaded %d\n", dlclose(module));
        fflush(stdout);
        return;
    }
    if (!strcmp(how, "unload-early"))
        return;
    say("at exit: info", info());
    if (!strstr(how, "everything"))
        return;
    ck count = 0, slot = 0;
    char room[512];
    say("at exit: session", FUNCTION("C_GetSessionInfo", ck, void *)(session, room));
    ck length = sizeof room;
    say("at exit: sign", FUNCTION("C_Sign", ck, void *, ck, void *, ck *)(session, room, 4, room + 8, &length));
    say("at exit: slots", slots(1, NULL, &count));
    say("at exit: event", FUNCTION("C_WaitForSlotEvent", ck, ck *, void *)(1, &slot, NULL));
    say("at exit: finalize", FUNCTION("C_Finalize", void *)(NULL));
    void *list = NULL;
    say("at exit: list", FUNCTION("C_GetFunctionList", void **)(&list));
    say("at exit: initialize", FUNCTION("C_Initialize", void *)(NULL));
}

static void *call_for_ever(void *unused)
{
    (void)unused;
    for (;;) {
        char room[512];
        FUNCTION("C_GetSessionInfo", ck, void *)(session, room);
        calling = 1;
    }
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    how = argv[2];
    module = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!module) {
        fprintf(stderr, "%s\n", dlerror());
        return 2;
    }
    atexit(at_exit);
    say("initialize", FUNCTION("C_Initialize", void *)(NULL));
    ck list[16], count = 16;
    if (slots(1, list, &count) || count < 2) {
        fprintf(stderr, "%lu slots\n", count);
        return 2;
    }
    ck answer = 0;
    for (ck i = 0; i < count; i++) {
        answer = FUNCTION("C_OpenSession", ck, ck, void *, void *, ck *)(list[i], 4, NULL, NULL, &session);
        // SoftHSM shows a token that is not initialised beside the others: CKR_TOKEN_NOT_RECOGNIZED.
        if (answer && answer != 0xE1)
            break;
    }
    say("session", answer);
    if (!strncmp(how, "finalize", 8)) {
        ck ended = FUNCTION("C_Finalize", void *)(NULL);
        if (!strcmp(how, "finalize"))
            say("finalize", ended);
    }
    if (!strcmp(how, "thread")) {
        pthread_t thread;
        pthread_create(&thread, NULL, call_for_ever, NULL);
        while (!calling)
            usleep(100);
    }
    if (!strcmp(how, "unload-early"))
        printf("unloaded %d\n", dlclose(module));
    if (!strcmp(how, "_exit"))
        _exit(0);
    if (!strcmp(how, "quick_exit"))
        quick_exit(0);
    return 0;
}
