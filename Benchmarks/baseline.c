/*
 * The yardstick of the ADD benchmark: what a bare program on libcurl needs for the two calls that an ADD makes, one
 * Range and one Put, over gRPC, on one connection. It checks what a client must check (HTTP status, grpc-status) and
 * does nothing else: no configuration, no allocation, no logging.
 *
 *   baseline URL RANGE_KEY PUT_KEY VALUE [CACERT CERT KEY]
 *
 * Exit status: 0 both calls succeeded; 1 one failed, with a line on standard error; 64 usage.
 */
#include "grpc.h"

int main(int argc, char **argv) {
    static struct request range, put;
    if (argc != 5 && argc != 8) {
        fputs("usage: baseline URL RANGE_KEY PUT_KEY VALUE [CACERT CERT KEY]\n", stderr);
        return 64;
    }
    begin_frame(&range);
    put_field(&range, 1, argv[2], strlen(argv[2])); /* RangeRequest.key */
    end_frame(&range);
    begin_frame(&put);
    put_field(&put, 1, argv[3], strlen(argv[3])); /* PutRequest.key */
    put_field(&put, 2, argv[4], strlen(argv[4])); /* PutRequest.value */
    end_frame(&put);

    CURL *curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? new_connection() : NULL;
    if (!curl) {
        fputs("libcurl does not start\n", stderr);
        return 1;
    }
    if (argc == 8) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, argv[5]);
        curl_easy_setopt(curl, CURLOPT_CAPATH, NULL); /* else the system's bundle is loaded: 25 ms */
        curl_easy_setopt(curl, CURLOPT_SSLCERT, argv[6]);
        curl_easy_setopt(curl, CURLOPT_SSLKEY, argv[7]);
    }
    int failed = first_call(curl, argv[1], "Range", &range) || next_call(curl, argv[1], "Put", &put);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    return failed;
}
