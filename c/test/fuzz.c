/*
 * Calls fota_order.h with random values, text lengths and buffers. Each text and buffer is memory of its own, so that
 * the sanitizers see each access beyond its end. A statement must fit and must have one line for each fact, whatever
 * the texts hold. Usage: fuzz <rounds> <seed>
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "fota_order.h"

static uint64_t state;

/* xorshift64: Marsaglia, "Xorshift RNGs", 2003. */
static uint64_t next(uint64_t below) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state % below;
}

static int one_in(uint64_t count) { return next(count) == 0; }

/* Mostly characters of `alphabet`, at times any byte. */
static fota_text random_text(const char *alphabet, size_t length) {
  fota_text text;
  char *chars = (char *)malloc(length > 0 ? length : 1);
  size_t i;
  for (i = 0; i < length; i++) {
    chars[i] = alphabet[next(strlen(alphabet))];
  }
  if ((length > 0) && one_in(20)) {
    chars[next(length)] = one_in(2) ? '\n' : (char)next(256);
  }
  text.chars = chars;
  text.length = length;
  return text;
}

static fota_text maybe(const char *alphabet, size_t longest) {
  const fota_text none = {NULL, 0};
  return one_in(3) ? none : random_text(alphabet, 1 + next(longest + 1));
}

static uint64_t random_number(void) {
  return one_in(3) ? 0 : (one_in(30) ? state : next(FOTA_NUMBER_MAX >> next(50)) + next(2));
}

static void release(fota_text text) { free((void *)(uintptr_t)text.chars); }

static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static size_t lines_in(const char *text, size_t length) {
  size_t count = 0;
  size_t i;
  for (i = 0; i < length; i++) {
    assert((text[i] == '\n') || ((text[i] >= ' ') && (text[i] <= '~')));
    count += (text[i] == '\n') ? 1u : 0u;
  }
  assert(text[length - 1] == '\n');
  return count;
}

static size_t written = 0;

static void try_order(void) {
  fota_image images[FOTA_IMAGES_MAX];
  fota_text things[FOTA_THINGS_MAX];
  fota_order order;
  size_t length = 0;
  size_t i;
  memset(&order, 0, sizeof order);
  order.images = images;
  order.image_count = 1 + next(one_in(2) ? 1 : FOTA_IMAGES_MAX);
  for (i = 0; i < order.image_count; i++) {
    images[i].slot = one_in(4) ? next(12) : i;
    images[i].size_bytes = 1 + random_number();
    images[i].md5 = random_text("0123456789abcdefABCDEF", one_in(99) ? next(64) : 32);
    images[i].sha256 = random_text("0123456789abcdefABCDEF", one_in(99) ? next(99) : 64);
  }
  order.model = maybe("thermostat -v~!", one_in(3) ? FOTA_MODEL_BYTES_MAX : 9);
  order.version = one_in(2) ? fota_text_of(NULL) : random_text(one_in(2) ? "0123456789" : "v1.2-a+", 1 + next(65));
  order.min_version = one_in(2) ? fota_text_of(NULL) : random_text("1234.", 1 + next(4));
  order.expires_at_seconds = random_number();
  order.seq = random_number();
  order.allows_downgrade = one_in(2);
  order.signed_at_seconds = random_number();
  order.things = things;
  order.thing_count = one_in(2) ? 0 : next(one_in(5) ? FOTA_THINGS_MAX + 1 : 4);
  for (i = 0; i < order.thing_count; i++) {
    things[i] = random_text("abcdefghijklmnop0123456789:_-", 1 + next(one_in(9) ? 129 : 12));
  }
  {
    const size_t longest = FOTA_ORDER_STATEMENT_BYTES_MAX(order.image_count, order.thing_count);
    const size_t capacity = one_in(2) ? longest : next(longest);
    char *buffer = (char *)malloc(capacity > 0 ? capacity : 1);
    const fota_result result = fota_order_statement(&order, buffer, capacity, &length);
    assert((result != FOTA_BUFFER_TOO_SMALL) || (capacity < longest));
    if (result == FOTA_OK) {
      const size_t facts = 1 + order.image_count + (order.model.chars != NULL) + (order.version.chars != NULL) +
                           (order.min_version.chars != NULL) + (order.expires_at_seconds > 0) + (order.seq > 0) +
                           (size_t)order.allows_downgrade + (order.signed_at_seconds > 0) + order.thing_count;
      assert(length <= capacity);
      assert(lines_in(buffer, length) == facts);
      written++;
    }
    free(buffer);
  }
  for (i = 0; i < order.image_count; i++) {
    release(images[i].md5);
    release(images[i].sha256);
  }
  for (i = 0; i < order.thing_count; i++) {
    release(things[i]);
  }
  release(order.model);
  release(order.version);
  release(order.min_version);
}

static fota_text random_base64(size_t length) {
  fota_text text = random_text(BASE64, length);
  char *chars = (char *)(uintptr_t)text.chars;
  if (length > 1) {
    chars[length - 1] = '=';
    chars[length - 2] = (length == 88) ? '=' : 'A';
  }
  if (length == 88) {
    chars[length - 3] = "AQgwB"[next(5)];
  }
  return text;
}

static int verify_some(const uint8_t public_key[32], const uint8_t *message, size_t length,
                       const uint8_t signature[64]) {
  return (length > 0) ? (int)((public_key[0] ^ message[length - 1] ^ signature[63]) & 3u) - 1 : -1;
}

static void try_key_link(void) {
  fota_key keys[2][FOTA_KEYS_MAX];
  fota_signature signatures[FOTA_SIGNATURES_MAX];
  fota_key_link link;
  fota_key_set set;
  uint64_t seq = 0;
  size_t i;
  size_t role;
  memset(&link, 0, sizeof link);
  link.set.version = 1 + next(3);
  link.set.keys.key_count = next(one_in(9) ? FOTA_KEYS_MAX + 1 : 4);
  link.set.keys.threshold = next(4);
  link.set.roots.key_count = next(3);
  link.set.roots.threshold = next(3);
  link.set.keys.keys = keys[0];
  link.set.roots.keys = keys[1];
  for (role = 0; role < 2; role++) {
    for (i = 0; i < FOTA_KEYS_MAX; i++) {
      keys[role][i].id = random_text("abcdefgh0123._:@/-", 1 + next(one_in(9) ? 65 : 3));
      keys[role][i].base64 = random_base64(one_in(50) ? next(99) : 44);
    }
  }
  link.seq = random_number();
  link.signatures = signatures;
  link.signature_count = next(FOTA_SIGNATURES_MAX + 1);
  for (i = 0; i < FOTA_SIGNATURES_MAX; i++) {
    signatures[i].key_id = keys[next(2)][next(4)].id;
    signatures[i].base64 = random_base64(one_in(50) ? next(99) : 88);
  }
  set = link.set;
  set.version = 1;
  {
    const size_t longest =
        FOTA_KEY_SET_STATEMENT_BYTES_MAX(link.set.keys.key_count, link.set.roots.key_count);
    const size_t capacity = one_in(3) ? next(longest) : longest;
    char *buffer = (char *)malloc(capacity > 0 ? capacity : 1);
    const fota_result result = fota_follow_key_link(&link, &set, &seq, verify_some, buffer, capacity);
    assert((result != FOTA_BUFFER_TOO_SMALL) || (capacity < longest));
    assert((result == FOTA_OK) ? (set.version >= link.set.version) : ((set.version == 1) && (seq == 0)));
    written += (result == FOTA_OK) && (set.version == 2);
    free(buffer);
  }
  for (role = 0; role < 2; role++) {
    for (i = 0; i < FOTA_KEYS_MAX; i++) {
      release(keys[role][i].id);
      release(keys[role][i].base64);
    }
  }
  for (i = 0; i < FOTA_SIGNATURES_MAX; i++) {
    release(signatures[i].base64);
  }
}

static void fill(fota_text *text, char c, size_t length) {
  char *chars = (char *)malloc(length);
  memset(chars, c, length);
  text->chars = chars;
  text->length = length;
}

/* The greatest lengths that the header states are reached, so they are not too large either. */
static void check_greatest_length(void) {
  fota_image images[FOTA_IMAGES_MAX];
  fota_text things[FOTA_THINGS_MAX];
  fota_order order;
  static char buffer[FOTA_ORDER_STATEMENT_BYTES_MAX(FOTA_IMAGES_MAX, FOTA_THINGS_MAX)];
  size_t length = 0;
  size_t i;
  for (i = 0; i < FOTA_IMAGES_MAX; i++) {
    images[i].slot = FOTA_NUMBER_MAX - i;
    images[i].size_bytes = FOTA_NUMBER_MAX;
    fill(&images[i].md5, 'a', 32);
    fill(&images[i].sha256, 'a', 64);
  }
  for (i = 0; i < FOTA_THINGS_MAX; i++) {
    char *chars;
    fill(&things[i], 'a', FOTA_THING_BYTES_MAX);
    chars = (char *)(uintptr_t)things[i].chars;
    chars[0] = (char)('0' + (int)(i / 10));
    chars[1] = (char)('0' + (int)(i % 10));
  }
  order.images = images;
  order.image_count = FOTA_IMAGES_MAX;
  fill(&order.model, 'm', FOTA_MODEL_BYTES_MAX);
  fill(&order.version, '1', FOTA_VERSION_BYTES_MAX);
  fill(&order.min_version, '1', FOTA_VERSION_BYTES_MAX);
  order.expires_at_seconds = order.seq = order.signed_at_seconds = FOTA_NUMBER_MAX;
  order.allows_downgrade = 1;
  order.things = things;
  order.thing_count = FOTA_THINGS_MAX;
  assert(fota_order_statement(&order, buffer, sizeof buffer, &length) == FOTA_OK);
  assert(length == sizeof buffer);
  for (i = 0; i < FOTA_IMAGES_MAX; i++) {
    release(images[i].md5);
    release(images[i].sha256);
  }
  for (i = 0; i < FOTA_THINGS_MAX; i++) {
    release(things[i]);
  }
  release(order.model);
  release(order.version);
  release(order.min_version);
}

int main(int argc, char **argv) {
  const long rounds = (argc > 1) ? atol(argv[1]) : 1000;
  long round;
  state = (argc > 2) ? strtoull(argv[2], NULL, 10) : 1;
  check_greatest_length();
  for (round = 0; round < rounds; round++) {
    try_order();
    try_key_link();
  }
  printf("%ld rounds, %u statements\n", rounds, (unsigned)written);
  return 0;
}
