/* Asks a Modbus TCP server for holding registers, and says how quickly it answers.
 *
 *     load PORT CONNECTIONS SECONDS QUANTITY [SPREAD]
 *
 * A closed loop: each connection sends its next request when the answer to the one before is in.
 * Requests are function 3, unit id 1, QUANTITY registers, from address 0 on; with SPREAD, from
 * addresses that take turns over 0..SPREAD-1. Each answer is checked: transaction id, protocol id,
 * length, unit id, function code, byte count, and that every value is one more than the one before
 * it, modulo 65536. So registers have to hold such a ramp, and half of an update would be noticed.
 * The first answer that is wrong ends the program with status 1.
 *
 * Connections are opened one after the other, each with a first request that is answered before the
 * next one is opened; a tenth of SECONDS, not counted, goes by as a warm-up. Prints one line of
 * JSON; latencies are microseconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define REQUEST 12

struct connection {
    int fd;
    unsigned transaction, got;
    uint64_t sent;
    uint8_t answer[512];
};

static unsigned quantity, spread = 1, next_address;
static uint32_t *latencies;
static size_t count, room;

static void fail(const char *what)
{
    fprintf(stderr, "load: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
    exit(1);
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static unsigned word(const uint8_t *at) { return at[0] << 8 | at[1]; }

static void ask(struct connection *c, uint64_t time)
{
    unsigned t = c->transaction = (c->transaction + 1) & 0xFFFF, a = next_address;
    uint8_t request[REQUEST] = {t >> 8, t, 0, 0, 0, 6, 1, 3, a >> 8, a, quantity >> 8, quantity};
    next_address = (next_address + 1) % spread;
    c->got = 0;
    c->sent = time;
    if (send(c->fd, request, REQUEST, MSG_NOSIGNAL) != REQUEST)
        fail("cannot send a request");
}

static void check(const struct connection *c)
{
    const uint8_t *a = c->answer;
    errno = 0;
    if (word(a) != c->transaction || word(a + 2) || word(a + 4) != 3 + 2 * quantity)
        fail("an answer has the wrong transaction id, protocol id or length");
    if (a[6] != 1 || a[7] != 3 || a[8] != 2 * quantity)
        fail("an answer has the wrong unit id, function code or byte count");
    for (unsigned i = 1; i < quantity; i++)
        if (word(a + 9 + 2 * i) != ((word(a + 7 + 2 * i) + 1) & 0xFFFF))
            fail("an answer has wrong values");
}

/* Take what has come; true when the answer is complete. */
static int receive(struct connection *c)
{
    unsigned size = 9 + 2 * quantity;
    ssize_t got = recv(c->fd, c->answer + c->got, sizeof c->answer - c->got, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got <= 0)
        fail("the server closed a connection");
    c->got += got;
    if (c->got > size || (c->got >= 8 && c->answer[7] != 3)) {
        errno = 0;
        fail("an answer is longer than it should be, or an exception");
    }
    if (c->got < size)
        return 0;
    check(c);
    return 1;
}

static void open_connection(struct connection *c, int port, int epoll)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    int on = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if ((c->fd = socket(AF_INET, SOCK_STREAM, 0)) < 0)
        fail("cannot open a socket");
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address))
        fail("cannot connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ask(c, now());
    while (!receive(c))
        ;
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event))
        fail("cannot wait for a connection");
}

static void note(uint64_t nanoseconds)
{
    if (count == room) {
        room = room ? 2 * room : 1 << 20;
        if (!(latencies = realloc(latencies, room * sizeof *latencies)))
            fail("out of memory");
    }
    latencies[count++] = nanoseconds > UINT32_MAX ? UINT32_MAX : nanoseconds;
}

/* Keep all connections busy until `end`; answers that come from `start` on are counted. */
static void run(int epoll, uint64_t start, uint64_t end)
{
    struct epoll_event events[64];
    uint64_t time = now();
    while (time < end) {
        int ready = epoll_wait(epoll, events, 64, 5000);
        if (ready == 0)
            errno = 0, fail("no answer for 5 s");
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            if (!receive(c))
                continue;
            time = now();
            if (time >= start)
                note(time - c->sent);
            ask(c, time);
        }
    }
}

/* Take the answers that are under way, so that no server is left talking to nobody. */
static void finish(struct connection *all, int connections)
{
    for (int i = 0; i < connections; i++) {
        fcntl(all[i].fd, F_SETFL, 0);
        while (!receive(&all[i]))
            ;
        close(all[i].fd);
    }
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double quantile(double q) { return latencies[(size_t)(q * (count - 1))] / 1000.0; }

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "usage: load PORT CONNECTIONS SECONDS QUANTITY [SPREAD]\n");
        return 2;
    }
    int connections = atoi(argv[2]), epoll = epoll_create1(0);
    double seconds = atof(argv[3]);
    quantity = atoi(argv[4]);
    if (argc > 5)
        spread = atoi(argv[5]);
    struct connection *all = calloc(connections, sizeof *all);
    if (!all)
        fail("out of memory");
    for (int i = 0; i < connections; i++)
        open_connection(&all[i], atoi(argv[1]), epoll);
    uint64_t begin = now(), start = begin + (uint64_t)(seconds * 1e8);
    for (int i = 0; i < connections; i++)
        ask(&all[i], now());
    run(epoll, start, start + (uint64_t)(seconds * 1e9));
    finish(all, connections);
    if (!count)
        errno = 0, fail("not one answer in time");
    qsort(latencies, count, sizeof *latencies, by_size);
    printf("{\"requests\": %zu, \"rate\": %.1f, \"p50\": %.1f, \"p99\": %.1f, \"p999\": %.1f}\n",
           count, count / seconds, quantile(.5), quantile(.99), quantile(.999));
    return 0;
}
