/*
 * Unary gRPC calls of etcd on libcurl, for the programs of the benchmark: each is a POST whose body is one frame, and
 * whose answer ends with the trailer grpc-status. Answers are checked (HTTP status, grpc-status) and not decoded.
 */
#ifndef BENCHMARK_GRPC_H
#define BENCHMARK_GRPC_H

#include <curl/curl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FRAME_HEADER = 5, MESSAGE_MAX = 1024 * 1024, ANSWER_MAX = 4 * 1024 * 1024 };

/* A gRPC frame being written: one byte "not compressed", four bytes of length, then the protobuf message. */
struct request {
    unsigned char bytes[FRAME_HEADER + MESSAGE_MAX];
    size_t length;
};

struct answer {
    size_t length;
    int grpc_status; /* -1: no trailer seen */
};

static void put_byte(struct request *request, unsigned char byte) {
    if (request->length == sizeof request->bytes) {
        fputs("a request is longer than 1 MiB\n", stderr);
        exit(64);
    }
    request->bytes[request->length++] = byte;
}

/* The beginning of a protobuf field of wire type 2: tag, and length as a varint. */
static void put_field_header(struct request *request, unsigned field, size_t length) {
    put_byte(request, (unsigned char)(field << 3 | 2));
    for (; length >= 0x80; length >>= 7) {
        put_byte(request, (unsigned char)(length | 0x80));
    }
    put_byte(request, (unsigned char)length);
}

static void put_field(struct request *request, unsigned field, const char *bytes, size_t length) {
    put_field_header(request, field, length);
    for (size_t index = 0; index < length; index++) {
        put_byte(request, (unsigned char)bytes[index]);
    }
}

static void begin_frame(struct request *request) {
    request->length = FRAME_HEADER;
}

static void end_frame(struct request *request) {
    uint32_t length = (uint32_t)(request->length - FRAME_HEADER);
    request->bytes[0] = 0;
    request->bytes[1] = (unsigned char)(length >> 24);
    request->bytes[2] = (unsigned char)(length >> 16);
    request->bytes[3] = (unsigned char)(length >> 8);
    request->bytes[4] = (unsigned char)length;
}

/* The body is counted, not kept: no program here needs any of it. */
static size_t on_body(char *bytes, size_t size, size_t count, void *context) {
    struct answer *answer = context;
    (void)bytes;
    answer->length += size * count;
    return answer->length > ANSWER_MAX ? 0 : size * count;
}

/* libcurl hands trailers to the header callback too; grpc-status is one, or a header where there is no body. */
static size_t on_header(char *bytes, size_t size, size_t count, void *context) {
    static const char name[] = "grpc-status:";
    struct answer *answer = context;
    size_t length = size * count;
    if (length > sizeof name && strncasecmp(bytes, name, sizeof name - 1) == 0) {
        size_t index = sizeof name - 1;
        while (index < length && bytes[index] == ' ') {
            index++;
        }
        if (index < length && bytes[index] >= '0' && bytes[index] <= '9') {
            answer->grpc_status = atoi(bytes + index);
        }
    }
    return length;
}

/* A handle for calls on one connection, or NULL without memory. What it needs stays until the process ends. */
static CURL *new_connection(void) {
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/grpc");
    headers = headers ? curl_slist_append(headers, "TE: trailers") : NULL;
    headers = headers ? curl_slist_append(headers, "Expect:") : NULL;
    if (!curl || !headers) {
        return NULL;
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 20000L);
    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 512L * 1024);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    return curl;
}

/* One unary call. Returns 0 when the server answered with grpc-status 0. */
static int call(CURL *curl, const char *base, const char *method, const struct request *request) {
    char url[1024];
    struct answer answer = {.length = 0, .grpc_status = -1};
    long status = 0;
    if (snprintf(url, sizeof url, "%s/etcdserverpb.KV/%s", base, method) >= (int)sizeof url) {
        fputs("the URL is too long\n", stderr);
        return 1;
    }
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->bytes);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)request->length);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK) {
        fprintf(stderr, "%s: %s (%d)\n", method, curl_easy_strerror(code), (int)code);
        return 1;
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200 || answer.grpc_status != 0 || answer.length < FRAME_HEADER) {
        fprintf(stderr, "%s: HTTP status %ld, grpc-status %d, %zu bytes\n", method, status, answer.grpc_status,
                answer.length);
        return 1;
    }
    return 0;
}

/* The first call on a connection. Over http:// it is HTTP/2 with prior knowledge, over https:// HTTP/2 by ALPN. */
static int first_call(CURL *curl, const char *base, const char *method, const struct request *request) {
    int secure = strncmp(base, "https:", 6) == 0;
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION,
                     (long)(secure ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE));
    return call(curl, base, method, request);
}

/* A further call, which must find the connection open. On a reused cleartext connection libcurl 7.88 fails when prior
 * knowledge is asked for again (curl issue 10634); plain HTTP/2 is right there in every version. */
static int next_call(CURL *curl, const char *base, const char *method, const struct request *request) {
    long connects = 0;
    if (strncmp(base, "https:", 6) != 0) {
        curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2_0);
    }
    int failed = call(curl, base, method, request);
    curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &connects);
    if (!failed && connects != 0) {
        fputs("a call did not reuse the connection\n", stderr);
        failed = 1;
    }
    return failed;
}

#endif
