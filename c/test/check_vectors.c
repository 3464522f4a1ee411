/*
 * Checks fota_order.h against the vectors, with OpenSSL's Ed25519. The test writes cases.h from
 * vectors/signed-documents.json. Prints each difference and exits 1 if there is one.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "fota_order.h"

typedef struct test_case {
  fota_text name;
  fota_order order;
  const fota_signature *signatures;
  size_t signature_count;
  fota_key_set trust;
  const fota_key_link *links;
  size_t link_count;
  const fota_text *link_statements;
  size_t link_statement_count;
  fota_text statement; /* missing if the document has none */
  fota_text device_model;
  fota_text device_thing_name;
  int is_key_set_valid;
  int is_signed;
  int is_addressed;
  uint64_t key_set_version; /* 0 if the document is refused */
} test_case;

#include "cases.h"

static int failures = 0;

static void expect(int condition, const test_case *of, const char *what) {
  if (!condition) {
    failures++;
    printf("%.*s: %s\n", (int)of->name.length, of->name.chars, what);
  }
}

static int verify(const uint8_t public_key[32], const uint8_t *message, size_t length, const uint8_t signature[64]) {
  EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, 32);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  int verdict = 0;
  if ((key != NULL) && (EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1)) {
    verdict = EVP_DigestVerify(context, signature, 64, message, length);
  }
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  return verdict;
}

static int is_text(fota_text expected, const char *actual, size_t length) {
  return (expected.length == length) && (memcmp(expected.chars, actual, length) == 0);
}

/* Writes the statement into a buffer of its own with this size, so that a sanitizer sees its end. */
static void check_statement_in(const test_case *of, size_t size) {
  char *buffer = (char *)malloc(size > 0 ? size : 1);
  size_t length = 12345;
  const fota_result result = fota_order_statement(&of->order, buffer, size, &length);
  if (size < of->statement.length) {
    expect((result == FOTA_BUFFER_TOO_SMALL) && (length == 12345), of, "fits into a buffer that is too small");
  } else {
    expect((result == FOTA_OK) && is_text(of->statement, buffer, length), of, "the statement differs");
  }
  free(buffer);
}

static void check_statement(const test_case *of) {
  size_t size;
  for (size = 0; size < of->statement.length; size += 61) {
    check_statement_in(of, size);
  }
  check_statement_in(of, of->statement.length - 1);
  check_statement_in(of, of->statement.length);
  expect(of->statement.length <= FOTA_ORDER_STATEMENT_BYTES_MAX(of->order.image_count, of->order.thing_count), of,
         "the statement is longer than its greatest length");
}

static void check_link_statements(const test_case *of) {
  static char buffer[FOTA_KEY_SET_STATEMENT_BYTES_MAX(FOTA_KEYS_MAX, FOTA_KEYS_MAX)];
  size_t i;
  for (i = 0; i < of->link_statement_count; i++) {
    size_t length = 0;
    const fota_result result = fota_key_set_statement(&of->links[i], buffer, sizeof buffer, &length);
    if (result == FOTA_OK) {
      expect(is_text(of->link_statements[i], buffer, length), of, "the statement of a key set differs");
      expect(fota_key_set_statement(&of->links[i], buffer, length - 1, &length) == FOTA_BUFFER_TOO_SMALL, of,
             "the statement of a key set fits into a buffer that is too small");
    } else {
      expect(result == FOTA_BAD_KEY_SET, of, "a key set has no statement");
    }
  }
}

static void check_verdict(const test_case *of) {
  static char buffer[FOTA_ORDER_STATEMENT_BYTES_MAX(FOTA_IMAGES_MAX, FOTA_THINGS_MAX)];
  fota_key_set set = of->trust;
  uint64_t seq = 0;
  size_t i;
  fota_result result = fota_check_key_set(&set);
  expect((result == FOTA_OK) == of->is_key_set_valid, of, "the verdict on the device's key set differs");
  for (i = 0; (result == FOTA_OK) && (i < of->link_count); i++) {
    result = fota_follow_key_link(&of->links[i], &set, &seq, verify, buffer, sizeof buffer);
  }
  if (result == FOTA_OK) {
    result = fota_check_order(&of->order, of->signatures, of->signature_count, &set, verify, buffer, sizeof buffer);
  }
  expect((result == FOTA_OK) == of->is_signed, of, "the verdict differs");
  if (result == FOTA_OK) {
    expect((of->key_set_version == 0) || (set.version == of->key_set_version), of, "the version of the key set differs");
    expect(fota_is_addressed_to(&of->order, of->device_model, of->device_thing_name) == of->is_addressed, of,
           "the verdict on model and thing differs");
  }
}

int main(void) {
  const size_t count = sizeof cases / sizeof cases[0];
  size_t i;
  for (i = 0; i < count; i++) {
    if (cases[i].statement.chars != NULL) {
      check_statement(&cases[i]);
    }
    check_link_statements(&cases[i]);
    check_verdict(&cases[i]);
  }
  printf("%u vectors, %d differences\n", (unsigned)count, failures);
  return (failures == 0) ? 0 : 1;
}
