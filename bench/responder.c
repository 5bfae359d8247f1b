/* Function 3 out of an array, with epoll and nothing else: about what a server in C can reach.
 *
 * Frames may come in any split, and several at once; what is answered in one go leaves in one
 * write. Prints its port. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct client { int fd; unsigned have; uint8_t in[4096]; };
static uint8_t registers[2 * 65536];

static unsigned word(const uint8_t *at) { return at[0] << 8 | at[1]; }

/* Answer the frame at `in`, whose length field is `length`; returns the size of the answer. */
static unsigned answer(const uint8_t *in, unsigned length, uint8_t *out)
{
    unsigned first = word(in + 8), quantity = word(in + 10), code = 0;
    if (in[7] != 3)
        code = 1;
    else if (length != 6 || quantity < 1 || quantity > 125)
        code = 3;
    else if (first + quantity > 65536)
        code = 2;
    memcpy(out, in, 8);
    out[4] = 0;
    out[5] = code ? 3 : 3 + 2 * quantity;
    out[7] = in[7] | (code ? 0x80 : 0);
    out[8] = code ? code : 2 * quantity;
    if (!code)
        memcpy(out + 9, registers + 2 * first, 2 * quantity);
    return 6 + out[5];
}

/* False where the client is to be closed. */
static int serve(struct client *c)
{
    static uint8_t out[4096 / 8 * 260];
    unsigned at = 0, size = 0;
    ssize_t got = recv(c->fd, c->in + c->have, sizeof c->in - c->have, 0);
    if (got <= 0)
        return 0;
    for (c->have += got; c->have - at >= 6; ) {
        unsigned length = word(c->in + at + 4);
        if (length < 2 || length > 254 || word(c->in + at + 2))
            return 0;
        if (c->have - at < 6 + length)
            break;
        size += answer(c->in + at, length, out + size);
        at += 6 + length;
    }
    memmove(c->in, c->in + at, c->have -= at);
    return !size || send(c->fd, out, size, MSG_NOSIGNAL) == (ssize_t)size;
}

int main(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN}, events[64];
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (void *)&address, size) || listen(listener, 512))
        return perror("responder"), 1;
    getsockname(listener, (void *)&address, &size);
    printf("%d\n", ntohs(address.sin_port)), fflush(stdout);
    for (unsigned i = 0; i < sizeof registers; i++)
        registers[i] = i % 2 ? i / 2 : i / 2 >> 8;
    for (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);;)
        for (int i = epoll_wait(epoll, events, 64, -1); i-- > 0; ) {
            struct client *c = events[i].data.ptr;
            if (c && !serve(c)) {
                close(c->fd), free(c);
            } else if (!c) {
                c = event.data.ptr = calloc(1, sizeof *c);
                c->fd = accept(listener, 0, 0);
                epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
            }
        }
}
