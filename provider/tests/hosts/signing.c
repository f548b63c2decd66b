// A host that signs and verifies through the module. Arguments: the module, and how to load it: "local", "global", or
// "preloaded" (then it looks the functions up in the global scope).
// With -DEXPORTS and -rdynamic it exports C_* functions of its own; a call to one of them ends the program.
// It uses no PKCS#11 header: what it needs is declared here.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long ck;
typedef unsigned char byte;
struct attribute { ck type; void *value; ck length; };
struct mechanism { ck type; void *parameter; ck length; };

#ifdef EXPORTS
#define OWN(name)                                                        \
    ck name(void)                                                        \
    {                                                                    \
        fprintf(stderr, "the host's own " #name " was called\n");        \
        exit(9);                                                         \
    }
OWN(C_Initialize) OWN(C_Finalize) OWN(C_GetInfo) OWN(C_GetFunctionList) OWN(C_GetInterface) OWN(C_GetInterfaceList)
OWN(C_GetSlotList) OWN(C_GetSlotInfo) OWN(C_GetTokenInfo) OWN(C_GetMechanismList) OWN(C_GetMechanismInfo)
OWN(C_OpenSession) OWN(C_CloseSession) OWN(C_CloseAllSessions) OWN(C_GetSessionInfo) OWN(C_Login) OWN(C_Logout)
OWN(C_CreateObject) OWN(C_DestroyObject) OWN(C_GetAttributeValue) OWN(C_FindObjectsInit) OWN(C_FindObjects)
OWN(C_FindObjectsFinal) OWN(C_GenerateKeyPair) OWN(C_SignInit) OWN(C_Sign) OWN(C_SignUpdate) OWN(C_SignFinal)
OWN(C_VerifyInit) OWN(C_Verify) OWN(C_WaitForSlotEvent)
#endif

static void *module;

static void *symbol(const char *name)
{
    void *address = dlsym(module, name);
    if (!address) {
        fprintf(stderr, "no %s: %s\n", name, dlerror());
        exit(2);
    }
    return address;
}

static void must(const char *what, ck answer)
{
    if (answer) {
        fprintf(stderr, "%s: 0x%lx\n", what, answer);
        exit(3);
    }
}

#define CALL(name, types, ...) must(#name, ((ck(*) types)symbol(#name))(__VA_ARGS__))

// The 2.40 list: a version, then 68 functions in the order of the standard.
struct list { ck version; void *functions[68]; };
static struct list *list;
enum { INITIALIZE = 0, GET_SLOT_LIST = 4, OPEN_SESSION = 12, FIND_OBJECTS_FINAL = 28, LAST = 67 };

// A call through the list, whose entries another object's functions must not have captured.
#define LISTED(place, types, ...) must(#place, ((ck(*) types)list->functions[place])(__VA_ARGS__))

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    if (!strcmp(argv[2], "preloaded"))
        module = RTLD_DEFAULT;
    else if (!(module = dlopen(argv[1], RTLD_NOW | (strcmp(argv[2], "global") ? RTLD_LOCAL : RTLD_GLOBAL)))) {
        fprintf(stderr, "%s\n", dlerror());
        return 2;
    }
    CALL(C_GetFunctionList, (struct list **), &list);
    if (list->functions[LAST] != symbol("C_WaitForSlotEvent") ||
        list->functions[FIND_OBJECTS_FINAL] != symbol("C_FindObjectsFinal")) {
        fprintf(stderr, "the list does not hold the module's own functions\n");
        return 4;
    }
    LISTED(INITIALIZE, (void *), NULL);
    puts("initialized");
    ck slots[16], count = 16, session, public, private;
    LISTED(GET_SLOT_LIST, (byte, ck *, ck *), 1, slots, &count);
    printf("%lu slots\n", count);
    // The first slot is SoftHSM's token: serial session, for reading and writing; the user's PIN is public.
    LISTED(OPEN_SESSION, (ck, ck, void *, void *, ck *), slots[0], 6, NULL, NULL, &session);
    CALL(C_Login, (ck, ck, const char *, ck), session, 1, "1234", 4);
    puts("logged in");
    byte p256[] = { 6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7 }, yes = 1;
    struct attribute for_public[] = { { 0x180, p256, sizeof p256 }, { 0x10A, &yes, 1 } };
    struct attribute for_private[] = { { 0x108, &yes, 1 } };
    struct mechanism generate = { 0x1040, NULL, 0 }, ecdsa = { 0x1041, NULL, 0 };
    CALL(C_GenerateKeyPair, (ck, void *, void *, ck, void *, ck, ck *, ck *), session, &generate, for_public, 2,
         for_private, 1, &public, &private);
    byte digest[32] = "thirty-two bytes to be signed..", signature[256];
    ck length = sizeof signature;
    CALL(C_SignInit, (ck, void *, ck), session, &ecdsa, private);
    CALL(C_Sign, (ck, byte *, ck, byte *, ck *), session, digest, sizeof digest, signature, &length);
    printf("signed %lu\n", length);
    CALL(C_VerifyInit, (ck, void *, ck), session, &ecdsa, public);
    CALL(C_Verify, (ck, byte *, ck, byte *, ck), session, digest, sizeof digest, signature, length);
    puts("verified");
    CALL(C_Finalize, (void *), NULL);
    puts("finalized");
    return 0;
}
