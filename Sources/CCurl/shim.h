// libcurl for Swift. Swift does not import variadic C functions, so each kind of argument of
// curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt has a typed function here.
#pragma once
#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <sys/socket.h>

typedef size_t (*ccurl_data_callback)(char *bytes, size_t size, size_t count, void *context);
typedef int (*ccurl_prereq_callback)(void *context, char *remote_ip, char *local_ip, int remote_port, int local_port);

static inline CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(easy, option, value);
}
// The bytes are copied by libcurl.
static inline CURLcode ccurl_set_blob(CURL *easy, CURLoption option, const void *bytes, size_t count) {
    struct curl_blob blob = {(void *)bytes, count, CURL_BLOB_COPY};
    return curl_easy_setopt(easy, option, &blob);
}
// The body is copied by libcurl.
static inline CURLcode ccurl_set_body(CURL *easy, const void *bytes, size_t count) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, count ? bytes : (const void *)"");
}
static inline CURLcode ccurl_set_data_callback(CURL *easy, CURLoption option, ccurl_data_callback callback) {
    return curl_easy_setopt(easy, option, callback);
}
static inline CURLcode ccurl_set_prereq_callback(CURL *easy, ccurl_prereq_callback callback) {
    return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, callback);
}
// A connection whose data nobody acknowledges is dead after 10 s, not after the kernel's quarter of an hour; one that is
// idle is asked for signs of life. Other sockets than TCP's refuse the options, which does not matter.
static inline int ccurl_prepare_socket(void *context, curl_socket_t socket, curlsocktype purpose) {
    (void)context;
    (void)purpose;
    unsigned int milliseconds = 10000;
    int on = 1, idle = 10, interval = 5;
    setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
    setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    return CURL_SOCKOPT_OK;
}
// libcurl's own sockets would stay open in every program that this one starts. A new socket begins to connect: the
// context, a bool, says so.
static inline curl_socket_t ccurl_open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)purpose;
    *(bool *)context = true;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}
// A transfer that is given up does not wait for the thread that looks its host's name up. From libcurl 7.87 on.
static inline CURLcode ccurl_set_quick_exit(CURL *easy) {
#if LIBCURL_VERSION_NUM >= 0x075700
    return curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#else
    (void)easy;
    return CURLE_OK;
#endif
}

static inline CURLcode ccurl_set_socket_callbacks(CURL *easy, bool *is_connecting) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, ccurl_open_socket);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, is_connecting);
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, ccurl_prepare_socket);
}
static inline CURLcode ccurl_get_long(CURL *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}
static inline CURLcode ccurl_get_pointer(CURL *easy, CURLINFO info, void **value) {
    return curl_easy_getinfo(easy, info, (char **)value);
}
static inline CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}
// A finished transfer: its handle and result, or NULL when there is none left.
static inline CURL *ccurl_next_finished(CURLM *multi, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}

// Functions of OpenSSL (openssl/crypto.h, openssl/ssl.h); null if libcurl uses another TLS library.
extern int OPENSSL_init_crypto(uint64_t options, const void *settings) __attribute__((weak));
extern int OPENSSL_init_ssl(uint64_t options, const void *settings) __attribute__((weak));

// Makes OpenSSL skip most of what curl_global_init lets it load: error texts, tables of ciphers and digests, its
// configuration file. This is for the rest of the process, which then cannot use TLS.
static inline void ccurl_skip_tls(void) {
    const uint64_t no_crypto_strings = 0x1, no_ciphers = 0x10, no_digests = 0x20, no_config = 0x80, no_ssl_strings = 0x100000;
    if (OPENSSL_init_crypto) OPENSSL_init_crypto(no_crypto_strings | no_ciphers | no_digests | no_config, NULL);
    if (OPENSSL_init_ssl) OPENSSL_init_ssl(no_ssl_strings | no_config, NULL);
}
