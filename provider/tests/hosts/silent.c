// A host that makes a few calls, right and wrong ones, and writes nothing unless something is amiss.
// Arguments: the module, and what C_Initialize must answer.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

typedef unsigned long ck;

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    void *module = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!module)
        return 3;
    ck (*initialize)(void *) = (ck(*)(void *))dlsym(module, "C_Initialize");
    ck (*finalize)(void *) = (ck(*)(void *))dlsym(module, "C_Finalize");
    ck (*slots)(unsigned char, ck *, ck *) = (ck(*)(unsigned char, ck *, ck *))dlsym(module, "C_GetSlotList");
    ck (*information)(ck, void *) = (ck(*)(ck, void *))dlsym(module, "C_GetSessionInfo");
    if (!initialize || !finalize || !slots || !information)
        return 4;
    if (initialize(NULL) != strtoul(argv[2], NULL, 0))
        return 5;
    ck count = 0;
    char room[512];
    slots(1, NULL, &count);
    information(42, room);
    slots(1, NULL, NULL);
    finalize(NULL);
    finalize(NULL);
    return 0;
}
