/* Asks a Modbus TCP server for holding registers, or writes them, and says how quickly it answers.
 *
 *     load PORT CONNECTIONS QUANTITY [SPREAD [FUNCTION]]
 *
 * Opens its connections, and waits. Each line of its input is a number of seconds: for as long it
 * asks, and then prints one line of JSON. So many loads can be ready, and take turns.
 *
 * A closed loop: each connection sends its next request when the answer to the one before is in.
 * Requests are function 3 or 16, unit id 1, QUANTITY registers, from address 0 on; with SPREAD, from
 * addresses that take turns over 0..SPREAD-1. Each answer is checked: transaction id, protocol id,
 * length, unit id, function code; of a read also the byte count, and that every value is one more
 * than the one before it, modulo 65536; of a write also address and quantity. So registers have to
 * hold such a ramp, and half of an update would be noticed. A write gives registers their addresses.
 * The first answer that is wrong ends the program with status 1.
 *
 * It looks for answers all the time and never sleeps while it asks: to wake it would be a part of
 * what each answer costs the server, and a different one each time. Rate and latencies (in
 * microseconds) are those after a warm-up, a tenth of the time; `requests` are all.
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

#define READ 3
#define WRITE 16
#define REQUEST (13 + 2 * 123)
#define PATIENCE 15 /* seconds for what a server is late with; then SIGALRM ends the program */

struct connection {
    int fd;
    unsigned transaction, address, got;
    uint64_t sent;
    uint8_t answer[512];
};

static unsigned quantity, spread = 1, function = READ, next_address;
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
    unsigned t = c->transaction = (c->transaction + 1) & 0xFFFF, a = c->address = next_address;
    uint8_t request[REQUEST] = {t >> 8, t, 0, 0, 0, 6, 1, function, a >> 8, a, 0, quantity};
    ssize_t size = 12;
    if (function == WRITE) {
        request[size++] = 2 * quantity;
        for (unsigned value = a; value < a + quantity; value++)
            request[size++] = value >> 8, request[size++] = value;
        request[5] = size - 6;
    }
    next_address = (next_address + 1) % spread;
    c->got = 0;
    c->sent = time;
    if (send(c->fd, request, size, MSG_NOSIGNAL) != size)
        fail("cannot send a request");
}

static unsigned answer_size(void) { return function == WRITE ? 12 : 9 + 2 * quantity; }

static void check(const struct connection *c)
{
    const uint8_t *a = c->answer;
    errno = 0;
    if (word(a) != c->transaction || word(a + 2) || word(a + 4) != answer_size() - 6)
        fail("an answer has the wrong transaction id, protocol id or length");
    if (a[6] != 1 || a[7] != function)
        fail("an answer has the wrong unit id or function code");
    if (function == WRITE) {
        if (word(a + 8) != c->address || word(a + 10) != quantity)
            fail("an answer has the wrong address or quantity");
        return;
    }
    if (a[8] != 2 * quantity)
        fail("an answer has the wrong byte count");
    for (unsigned i = 1; i < quantity; i++)
        if (word(a + 9 + 2 * i) != ((word(a + 7 + 2 * i) + 1) & 0xFFFF))
            fail("an answer has wrong values");
}

/* Take what has come; true when the answer is complete. */
static int receive(struct connection *c)
{
    unsigned size = answer_size();
    ssize_t got = recv(c->fd, c->answer + c->got, sizeof c->answer - c->got, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got <= 0)
        fail("the server closed a connection");
    c->got += got;
    if (c->got > size || (c->got >= 8 && c->answer[7] != function)) {
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

/* Keep all connections busy until `end`, or until there is an answer; note those that come from
 * `start` on. Returns the time, and sets the number of all `answers`. */
static uint64_t run(int epoll, uint64_t start, uint64_t end, size_t *answers)
{
    struct epoll_event events[64];
    uint64_t time;
    while ((time = now()) < end || !count) {
        int ready = epoll_wait(epoll, events, 64, 0);
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            if (!receive(c))
                continue;
            time = now();
            ++*answers;
            if (time >= start)
                note(time - c->sent);
            ask(c, time);
        }
    }
    return time;
}

/* Take the answers that are under way, so that the next to ask finds nothing left of this. */
static void finish(struct connection *all, int connections)
{
    for (int i = 0; i < connections; i++)
        while (!receive(&all[i]))
            ;
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double quantile(double q) { return latencies[(size_t)(q * (count - 1))] / 1000.0; }

static void measure(struct connection *all, int connections, int epoll, double seconds)
{
    alarm(PATIENCE + (unsigned)seconds);
    uint64_t begin = now(), start = begin + (uint64_t)(seconds * 1e8);
    count = 0;
    for (int i = 0; i < connections; i++)
        ask(&all[i], now());
    size_t requests = connections;
    uint64_t end = run(epoll, start, begin + (uint64_t)(seconds * 1e9), &requests);
    finish(all, connections);
    alarm(0);
    qsort(latencies, count, sizeof *latencies, by_size);
    printf("{\"requests\": %zu, \"rate\": %.1f, \"p50\": %.1f, \"p99\": %.1f, \"p999\": %.1f}\n",
           requests, count / ((end - start) / 1e9), quantile(.5), quantile(.99), quantile(.999));
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: load PORT CONNECTIONS QUANTITY [SPREAD [FUNCTION]]\n");
        return 2;
    }
    int connections = atoi(argv[2]), epoll = epoll_create1(0);
    double seconds;
    quantity = atoi(argv[3]);
    if (argc > 4)
        spread = atoi(argv[4]);
    if (argc > 5)
        function = atoi(argv[5]);
    struct connection *all = calloc(connections, sizeof *all);
    if (!all)
        fail("out of memory");
    alarm(PATIENCE);
    for (int i = 0; i < connections; i++)
        open_connection(&all[i], atoi(argv[1]), epoll);
    alarm(0);
    for (printf("ready\n"), fflush(stdout); scanf("%lf", &seconds) == 1; fflush(stdout))
        measure(all, connections, epoll, seconds);
    return 0;
}
