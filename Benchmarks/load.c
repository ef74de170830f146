/*
 * Puts keys into etcd over persistent connections, and prints how long that took: to fill a network, and to find how
 * many puts a second etcd commits.
 *
 *   load URL CLIENTS PUTS < KEYS
 *
 * Standard input has a line "KEY<TAB>VALUE" for each key. CLIENTS threads (1 to 256) with one connection each send
 * them, PUTS (1 to 128) in a transaction; 1 is a plain Put. The seconds from the moment when all connections are open
 * are printed on standard output.
 * Exit status: 0 all were committed; 1 a call failed, with a line on standard error; 64 usage.
 */
#define _GNU_SOURCE
#include "grpc.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { CLIENTS_MAX = 256, PUTS_MAX = 128 };

struct line {
    const char *key, *value;
    size_t key_length, value_length;
};

static const char *url;
static struct line *lines;
static size_t line_count, puts_each;
static atomic_size_t taken;
static atomic_int failed;
static pthread_barrier_t connected;

/* Reads all lines of standard input. They stay in memory until the process ends. */
static int read_lines(void) {
    size_t capacity = 0, length = 0, room = 0;
    ssize_t count;
    for (char *text = NULL; (count = getline(&text, &capacity, stdin)) > 0; text = NULL, capacity = 0) {
        length = text[count - 1] == '\n' ? (size_t)count - 1 : (size_t)count;
        const char *tab = memchr(text, '\t', length);
        if (!tab) {
            fputs("a line has no tab\n", stderr);
            return 64;
        }
        if (line_count == room) {
            room = room ? room * 2 : 1024;
            lines = realloc(lines, room * sizeof *lines);
            if (!lines) {
                fputs("out of memory\n", stderr);
                return 1;
            }
        }
        size_t key_length = (size_t)(tab - text);
        lines[line_count++] = (struct line){text, tab + 1, key_length, length - key_length - 1};
    }
    return 0;
}

static size_t field_size(size_t length) {
    size_t size = length + 2;
    for (; length >= 0x80; length >>= 7) {
        size++;
    }
    return size;
}

static void put_put(struct request *request, const struct line *line) {
    put_field(request, 1, line->key, line->key_length);     /* PutRequest.key */
    put_field(request, 2, line->value, line->value_length); /* PutRequest.value */
}

/* TxnRequest.success (2), a list of RequestOp.request_put (2). */
static void put_transaction(struct request *request, const struct line *first, size_t count) {
    for (const struct line *line = first; line < first + count; line++) {
        size_t put = field_size(line->key_length) + field_size(line->value_length);
        put_field_header(request, 2, field_size(put));
        put_field_header(request, 2, put);
        put_put(request, line);
    }
}

static void *client(void *unused) {
    struct request *request = malloc(sizeof *request);
    CURL *curl = new_connection();
    (void)unused;
    if (request && curl) {
        begin_frame(request);
        put_field(request, 1, "/", 1); /* RangeRequest.key: opens the connection */
        end_frame(request);
    }
    if (!request || !curl || first_call(curl, url, "Range", request)) {
        failed = 1;
    }
    pthread_barrier_wait(&connected);
    while (!failed) {
        size_t first = atomic_fetch_add(&taken, puts_each);
        if (first >= line_count) {
            break;
        }
        size_t count = line_count - first < puts_each ? line_count - first : puts_each;
        begin_frame(request);
        if (puts_each == 1) {
            put_put(request, &lines[first]);
        } else {
            put_transaction(request, &lines[first], count);
        }
        end_frame(request);
        if (next_call(curl, url, puts_each == 1 ? "Put" : "Txn", request)) {
            failed = 1;
        }
    }
    return NULL;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    pthread_t threads[CLIENTS_MAX];
    long clients = argc == 4 ? atol(argv[2]) : 0, puts = argc == 4 ? atol(argv[3]) : 0;
    if (clients < 1 || clients > CLIENTS_MAX || puts < 1 || puts > PUTS_MAX) {
        fputs("usage: load URL CLIENTS PUTS < KEYS\n", stderr);
        return 64;
    }
    url = argv[1];
    puts_each = (size_t)puts;
    int status = read_lines();
    if (status != 0) {
        return status;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
        pthread_barrier_init(&connected, NULL, (unsigned)clients + 1) != 0) {
        fputs("libcurl does not start\n", stderr);
        return 1;
    }
    for (long index = 0; index < clients; index++) {
        if (pthread_create(&threads[index], NULL, client, NULL) != 0) {
            perror("pthread_create");
            return 1;
        }
    }
    pthread_barrier_wait(&connected);
    double begun = now();
    for (long index = 0; index < clients; index++) {
        pthread_join(threads[index], NULL);
    }
    printf("%.6f\n", now() - begun);
    return failed;
}
