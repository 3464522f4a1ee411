/*
 * The signed statement of a fota job document, and the check of its signatures, for devices in C99 or C++11.
 *
 * The caller parses the JSON and passes the values; the caller's Ed25519 verifies. This header does the rest of "The
 * signed statement" and "Key sets" of docs/job-document.md. It allocates nothing, keeps no state, does not recurse, and
 * uses of libc only memcpy, memcmp, memchr and strlen. It reads no clock and no flash: c/README.md lists what the caller
 * still has to check. All loops are bounded by the limits below, which are those of the document, and by the texts.
 */
#ifndef FOTA_ORDER_H
#define FOTA_ORDER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FOTA_IMAGES_MAX 9u
#define FOTA_THINGS_MAX 100u
#define FOTA_SIGNATURES_MAX 8u
#define FOTA_KEYS_MAX 16u
#define FOTA_NUMBER_MAX UINT64_C(9007199254740991) /* 2^53 - 1 */
#define FOTA_MODEL_BYTES_MAX 128u
#define FOTA_VERSION_BYTES_MAX 64u
#define FOTA_THING_BYTES_MAX 128u
#define FOTA_KEY_ID_BYTES_MAX 64u
#define FOTA_KEY_ID_OTHERS "._:@/-" /* beside letters and digits */
#define FOTA_PUBLIC_KEY_BYTES 32u
#define FOTA_SIGNATURE_BYTES 64u

/* Bytes of the longest statement of a document with so many images and names of things. */
#define FOTA_ORDER_STATEMENT_BYTES_MAX(images, things) (378u + (138u * (images)) + (139u * (things)))
/* Bytes of the longest statement of a key set with so many keys and root keys. */
#define FOTA_KEY_SET_STATEMENT_BYTES_MAX(keys, roots) (117u + (114u * (keys)) + (115u * (roots)))

typedef enum fota_result {
  FOTA_OK = 0,
  /* A value that no job document may have: the device reports "bad fota data". */
  FOTA_BAD_DATA,
  /* Not enough trusted keys signed the document or the key set: the device reports "signature-invalid". */
  FOTA_NOT_SIGNED,
  /* The key set holds a key that must not be trusted, or a threshold that its keys cannot reach. */
  FOTA_BAD_KEY_SET,
  /* The caller's buffer is too small for the statement. Nothing is wrong with the document. */
  FOTA_BUFFER_TOO_SMALL
} fota_result;

/* Text from the document, decoded from JSON, of `length` bytes. It needs no end mark. NULL: the key is missing. */
typedef struct fota_text {
  const char *chars;
  size_t length;
} fota_text;

/* One image: the legacy keys, or an entry of bc_alt. */
typedef struct fota_image {
  uint64_t slot;
  uint64_t size_bytes;
  fota_text md5;    /* hex digits of either case */
  fota_text sha256; /* hex digits of either case */
} fota_image;

/* What a job document says, except the URLs, the signatures and bc_keys. A number of 0 means that its key is missing. */
typedef struct fota_order {
  const fota_image *images; /* in any order */
  size_t image_count;
  fota_text model;
  fota_text version;
  fota_text min_version;
  uint64_t expires_at_seconds; /* bc_exp */
  uint64_t seq;
  int allows_downgrade;       /* 1 if bc_down is true, else 0 */
  uint64_t signed_at_seconds; /* bc_at */
  const fota_text *things;    /* bc_for, in any order */
  size_t thing_count;
} fota_order;

/* An entry of bc_sig. */
typedef struct fota_signature {
  fota_text key_id;
  fota_text base64;
} fota_signature;

/* A public key: 32 bytes in base64. */
typedef struct fota_key {
  fota_text id;
  fota_text base64;
} fota_key;

/* Keys, and how many of them must sign. */
typedef struct fota_key_role {
  const fota_key *keys;
  size_t key_count;
  uint64_t threshold;
} fota_key_role;

/*
 * The keys that a device trusts: `keys` sign documents, `roots` sign changes of the set. Without root keys, `keys` do
 * both. A `roots.threshold` of 0 means that `rt` is missing, which counts as 1.
 */
typedef struct fota_key_set {
  uint64_t version; /* 1 in the firmware */
  fota_key_role keys;
  fota_key_role roots;
} fota_key_set;

/* An entry of bc_keys. A `seq` of 0 means that its key is missing. */
typedef struct fota_key_link {
  fota_key_set set;
  uint64_t seq;
  const fota_signature *signatures;
  size_t signature_count;
} fota_key_link;

/*
 * Returns 1 if `signature` is the plain Ed25519 signature (RFC 8032) of the message by `public_key`. Every other value
 * means that it is not. Must refuse an S that is not below the order of the group.
 */
typedef int (*fota_verify)(const uint8_t public_key[FOTA_PUBLIC_KEY_BYTES], const uint8_t *message, size_t length,
                           const uint8_t signature[FOTA_SIGNATURE_BYTES]);

/* ---- Texts ---- */

/* Returns the text of a C string, or a missing text for NULL. */
static inline fota_text fota_text_of(const char *chars) {
  fota_text text;
  text.chars = chars;
  text.length = (chars == NULL) ? 0u : strlen(chars);
  return text;
}

/* Compares by bytes, a shorter text before a longer one that begins with it. Returns less than 0, 0 or more than 0. */
static inline int fota_compare(fota_text a, fota_text b) {
  const size_t shorter = (a.length < b.length) ? a.length : b.length;
  const int order = (shorter == 0u) ? 0 : memcmp(a.chars, b.chars, shorter);
  if (order != 0) {
    return order;
  }
  return (a.length == b.length) ? 0 : ((a.length < b.length) ? -1 : 1);
}

/* Tells whether two texts are the same, or both missing. */
static inline int fota_same(fota_text a, fota_text b) {
  if ((a.chars == NULL) || (b.chars == NULL)) {
    return (a.chars == NULL) && (b.chars == NULL);
  }
  return fota_compare(a, b) == 0;
}

static inline int fota_is_digit(char c) { return (c >= '0') && (c <= '9'); }

static inline int fota_is_alphanumeric(char c) {
  return fota_is_digit(c) || ((c >= 'a') && (c <= 'z')) || ((c >= 'A') && (c <= 'Z'));
}

/* Tells whether a text has 1 to `longest` letters, digits and characters of `others`. */
static inline int fota_is_name(fota_text text, size_t longest, const char *others) {
  size_t i;
  if ((text.chars == NULL) || (text.length == 0u) || (text.length > longest)) {
    return 0;
  }
  for (i = 0u; i < text.length; i++) {
    const char c = text.chars[i];
    if (!fota_is_alphanumeric(c) && (memchr(others, c, strlen(others)) == NULL)) {
      return 0;
    }
  }
  return 1;
}

static inline int fota_is_hex(fota_text text, size_t digits) {
  size_t i;
  if ((text.chars == NULL) || (text.length != digits)) {
    return 0;
  }
  for (i = 0u; i < digits; i++) {
    const char c = text.chars[i];
    if (!fota_is_digit(c) && !((c >= 'a') && (c <= 'f')) && !((c >= 'A') && (c <= 'F'))) {
      return 0;
    }
  }
  return 1;
}

/* Tells whether a text is a version: dotted numbers after an optional "v", then maybe -prerelease and +build. */
static inline int fota_is_version(fota_text text) {
  size_t i = 0u;
  size_t start;
  if (!fota_is_name(text, FOTA_VERSION_BYTES_MAX, ".-+")) {
    return 0;
  }
  if (text.chars[0] == 'v') {
    i = 1u;
  }
  start = i;
  while ((i < text.length) && (fota_is_digit(text.chars[i]) || (text.chars[i] == '.'))) {
    /* A dot stands between two digits. */
    if ((text.chars[i] == '.') && ((i == start) || (text.chars[i - 1u] == '.'))) {
      return 0;
    }
    i++;
  }
  if ((i == start) || (text.chars[i - 1u] == '.')) {
    return 0;
  }
  if ((i < text.length) && (text.chars[i] == '-')) {
    start = i + 1u;
    for (i = start; (i < text.length) && (text.chars[i] != '+'); i++) {
    }
    if (i == start) {
      return 0;
    }
  }
  if (i == text.length) {
    return 1;
  }
  if ((text.chars[i] != '+') || ((i + 1u) == text.length)) {
    return 0;
  }
  return memchr(&text.chars[i + 1u], '+', text.length - (i + 1u)) == NULL;
}

/* Tells whether a model can be signed: 1 to 128 characters of printable ASCII, without a blank at either end. */
static inline int fota_is_signable_model(fota_text model) {
  size_t i;
  if ((model.chars == NULL) || (model.length == 0u) || (model.length > FOTA_MODEL_BYTES_MAX)) {
    return 0;
  }
  for (i = 0u; i < model.length; i++) {
    if ((model.chars[i] < ' ') || (model.chars[i] > '~')) {
      return 0;
    }
  }
  return (model.chars[0] != ' ') && (model.chars[model.length - 1u] != ' ');
}

/* ---- Base64 and public keys ---- */

/* Returns the value of a base64 digit, 0 to 63, or 64 for any other character. */
static inline uint32_t fota_base64_digit(char c) {
  if ((c >= 'A') && (c <= 'Z')) {
    return (uint32_t)(c - 'A');
  }
  if ((c >= 'a') && (c <= 'z')) {
    return (uint32_t)(c - 'a') + 26u;
  }
  if (fota_is_digit(c)) {
    return (uint32_t)(c - '0') + 52u;
  }
  return (c == '+') ? 62u : ((c == '/') ? 63u : 64u);
}

/*
 * Decodes base64 with padding to exactly `count` bytes. Accepts only the spelling that encoders produce: unused bits are
 * zero. Returns 1, or 0 for any other text; `bytes` may have changed then.
 */
static inline int fota_decode_base64(fota_text text, uint8_t *bytes, size_t count) {
  const size_t digit_count = ((count * 8u) + 5u) / 6u;
  uint32_t bits = 0u;
  uint32_t bit_count = 0u;
  size_t written = 0u;
  size_t i;
  if ((text.chars == NULL) || (text.length != (4u * ((count + 2u) / 3u)))) {
    return 0;
  }
  for (i = 0u; i < digit_count; i++) {
    const uint32_t digit = fota_base64_digit(text.chars[i]);
    if (digit > 63u) {
      return 0;
    }
    bits = ((bits << 6) | digit) & 0xffffu;
    bit_count += 6u;
    if (bit_count >= 8u) {
      bit_count -= 8u;
      bytes[written] = (uint8_t)((bits >> bit_count) & 0xffu);
      written++;
    }
  }
  for (; i < text.length; i++) {
    if (text.chars[i] != '=') {
      return 0;
    }
  }
  return (bits & ((1u << bit_count) - 1u)) == 0u;
}

/*
 * Decodes a public key that a device may trust. Returns 1, or 0 if the text is not 32 bytes of base64, or if it is a
 * point of small order, with which anyone can forge signatures, or if its coordinate is not below 2^255 - 19. Whether
 * the bytes are a point of the curve is left to the verification: a key that is none verifies nothing.
 */
static inline int fota_decode_public_key(fota_text base64, uint8_t key[FOTA_PUBLIC_KEY_BYTES]) {
  /* The y coordinates of the points whose order divides 8 (RFC 8032, 5.1), the lowest byte first. */
  static const uint8_t small_order[5][FOTA_PUBLIC_KEY_BYTES] = {
      {0},
      {1},
      {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
       0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
      {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
       0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
      {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
       0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}};
  uint8_t y[FOTA_PUBLIC_KEY_BYTES];
  size_t i;
  if (!fota_decode_base64(base64, key, FOTA_PUBLIC_KEY_BYTES)) {
    return 0;
  }
  memcpy(y, key, sizeof y);
  y[31] &= 0x7fu; /* without the sign of x */
  for (i = 0u; i < 5u; i++) {
    if (memcmp(y, small_order[i], sizeof y) == 0) {
      return 0;
    }
  }
  if ((y[0] < 0xedu) || (y[31] != 0x7fu)) {
    return 1;
  }
  for (i = 1u; i < 31u; i++) {
    if (y[i] != 0xffu) {
      return 1;
    }
  }
  return 0; /* 2^255 - 19 or more */
}

/* ---- Writing statements ---- */

/* Text that grows in a buffer of the caller. After `is_full`, nothing more is written. */
typedef struct fota_writer {
  char *buffer;
  size_t capacity;
  size_t length;
  int is_full;
} fota_writer;

static inline fota_writer fota_writer_of(char *buffer, size_t capacity) {
  fota_writer writer;
  writer.buffer = buffer;
  writer.capacity = capacity;
  writer.length = 0u;
  writer.is_full = 0;
  return writer;
}

static inline void fota_write_bytes(fota_writer *writer, const char *bytes, size_t count) {
  if (writer->is_full || (count > (writer->capacity - writer->length))) {
    writer->is_full = 1;
  } else if (count > 0u) {
    memcpy(&writer->buffer[writer->length], bytes, count);
    writer->length += count;
  } else {
    /* nothing to write */
  }
}

static inline void fota_write(fota_writer *writer, const char *text) { fota_write_bytes(writer, text, strlen(text)); }

static inline void fota_write_number(fota_writer *writer, uint64_t number) {
  char digits[20];
  size_t start = sizeof digits;
  do {
    start--;
    digits[start] = (char)('0' + (char)(number % 10u));
    number /= 10u;
  } while (number > 0u);
  fota_write_bytes(writer, &digits[start], sizeof digits - start);
}

static inline void fota_write_lower_case(fota_writer *writer, fota_text hex) {
  size_t i;
  for (i = 0u; i < hex.length; i++) {
    const char c = hex.chars[i];
    const char lower = ((c >= 'A') && (c <= 'F')) ? (char)(c - 'A' + 'a') : c;
    fota_write_bytes(writer, &lower, 1u);
  }
}

/* Writes a line `<name> <text>`, or nothing for a missing text. */
static inline void fota_write_text_line(fota_writer *writer, const char *name, fota_text text) {
  if (text.chars != NULL) {
    fota_write(writer, name);
    fota_write(writer, " ");
    fota_write_bytes(writer, text.chars, text.length);
    fota_write(writer, "\n");
  }
}

/* Writes a line `<name> <number>`, or nothing for 0. */
static inline void fota_write_number_line(fota_writer *writer, const char *name, uint64_t number) {
  if (number > 0u) {
    fota_write(writer, name);
    fota_write(writer, " ");
    fota_write_number(writer, number);
    fota_write(writer, "\n");
  }
}

static inline void fota_write_image_line(fota_writer *writer, const fota_image *image) {
  fota_write(writer, "image ");
  fota_write_number(writer, image->slot);
  fota_write(writer, " ");
  fota_write_number(writer, image->size_bytes);
  fota_write(writer, " ");
  fota_write_lower_case(writer, image->md5);
  fota_write(writer, " ");
  fota_write_lower_case(writer, image->sha256);
  fota_write(writer, "\n");
}

/* Returns FOTA_OK and the length, or FOTA_BUFFER_TOO_SMALL. */
static inline fota_result fota_end_writing(const fota_writer *writer, size_t *length) {
  if (writer->is_full) {
    return FOTA_BUFFER_TOO_SMALL;
  }
  *length = writer->length;
  return FOTA_OK;
}

/* ---- The statement of a document ---- */

/* Checks what no line of the statement may break: FOTA_BAD_DATA, or FOTA_NOT_SIGNED if there is no statement. */
static inline fota_result fota_check_form(const fota_order *order) {
  size_t i;
  size_t j;
  int has_statement = (order->model.chars == NULL) || fota_is_signable_model(order->model);
  if ((order->image_count < 1u) || (order->image_count > FOTA_IMAGES_MAX) || (order->thing_count > FOTA_THINGS_MAX)) {
    return FOTA_BAD_DATA;
  }
  for (i = 0u; i < order->image_count; i++) {
    const fota_image *image = &order->images[i];
    if ((image->slot > FOTA_NUMBER_MAX) || (image->size_bytes < 1u) || (image->size_bytes > FOTA_NUMBER_MAX) ||
        !fota_is_hex(image->md5, 32u)) {
      return FOTA_BAD_DATA;
    }
    if (image->sha256.chars == NULL) {
      has_statement = 0; /* MD5 alone is not secure */
    } else if (!fota_is_hex(image->sha256, 64u)) {
      return FOTA_BAD_DATA;
    } else {
      /* a complete image */
    }
    for (j = 0u; j < i; j++) {
      if (order->images[j].slot == image->slot) {
        return FOTA_BAD_DATA;
      }
    }
  }
  for (i = 0u; i < order->thing_count; i++) {
    if (!fota_is_name(order->things[i], FOTA_THING_BYTES_MAX, ":_-")) {
      return FOTA_BAD_DATA;
    }
    for (j = 0u; j < i; j++) {
      if (fota_same(order->things[j], order->things[i])) {
        return FOTA_BAD_DATA;
      }
    }
  }
  if (((order->version.chars != NULL) && !fota_is_version(order->version)) ||
      ((order->min_version.chars != NULL) && !fota_is_version(order->min_version)) ||
      (order->expires_at_seconds > FOTA_NUMBER_MAX) || (order->seq > FOTA_NUMBER_MAX) ||
      (order->signed_at_seconds > FOTA_NUMBER_MAX)) {
    return FOTA_BAD_DATA;
  }
  return has_statement ? FOTA_OK : FOTA_NOT_SIGNED;
}

/* Writes the lines of the images, the lowest slot first. The slots differ. */
static inline void fota_write_images(fota_writer *writer, const fota_order *order) {
  size_t count;
  size_t i;
  const fota_image *last = NULL;
  for (count = 0u; count < order->image_count; count++) {
    const fota_image *next = NULL;
    for (i = 0u; i < order->image_count; i++) {
      const fota_image *image = &order->images[i];
      if (((last == NULL) || (image->slot > last->slot)) && ((next == NULL) || (image->slot < next->slot))) {
        next = image;
      }
    }
    if (next != NULL) {
      fota_write_image_line(writer, next);
    }
    last = next;
  }
}

/* Writes the lines of the things, sorted by bytes. The names differ. */
static inline void fota_write_things(fota_writer *writer, const fota_order *order) {
  size_t count;
  size_t i;
  const fota_text *last = NULL;
  for (count = 0u; count < order->thing_count; count++) {
    const fota_text *next = NULL;
    for (i = 0u; i < order->thing_count; i++) {
      const fota_text *name = &order->things[i];
      if (((last == NULL) || (fota_compare(*name, *last) > 0)) && ((next == NULL) || (fota_compare(*name, *next) < 0))) {
        next = name;
      }
    }
    if (next != NULL) {
      fota_write_text_line(writer, "for thing", *next);
    }
    last = next;
  }
}

/*
 * Writes the text that the signatures in bc_sig sign, and its length in bytes, without an end mark. A buffer of
 * FOTA_ORDER_STATEMENT_BYTES_MAX is always large enough.
 * Returns FOTA_BAD_DATA for a value that no document may have, FOTA_NOT_SIGNED for a document that has no statement (an
 * image without SHA-256, or a model that is not printable ASCII), or FOTA_BUFFER_TOO_SMALL. `length` is unchanged then.
 */
static inline fota_result fota_order_statement(const fota_order *order, char *buffer, size_t capacity, size_t *length) {
  fota_writer writer = fota_writer_of(buffer, capacity);
  const int is_version_2 = (order->seq > 0u) || (order->allows_downgrade != 0) || (order->signed_at_seconds > 0u) ||
                           (order->thing_count > 0u);
  const fota_result form = fota_check_form(order);
  if (form != FOTA_OK) {
    return form;
  }
  fota_write(&writer, is_version_2 ? "fota order 2\n" : "fota order 1\n");
  fota_write_images(&writer, order);
  fota_write_text_line(&writer, "model", order->model);
  fota_write_text_line(&writer, "version", order->version);
  fota_write_text_line(&writer, "min", order->min_version);
  fota_write_number_line(&writer, "expires", order->expires_at_seconds);
  fota_write_number_line(&writer, "seq", order->seq);
  if (order->allows_downgrade != 0) {
    fota_write(&writer, "downgrade allowed\n");
  }
  fota_write_number_line(&writer, "signed", order->signed_at_seconds);
  fota_write_things(&writer, order);
  return fota_end_writing(&writer, length);
}

/* ---- Keys and signatures ---- */

/* Returns FOTA_BAD_KEY_SET if a key must not be trusted, if an id or a key is there twice, or for a bad threshold. */
static inline fota_result fota_check_key_role(const fota_key_role *role) {
  uint8_t bytes[FOTA_PUBLIC_KEY_BYTES];
  size_t i;
  size_t j;
  if (role->key_count > FOTA_KEYS_MAX) {
    return FOTA_BAD_KEY_SET;
  }
  for (i = 0u; i < role->key_count; i++) {
    const fota_key *key = &role->keys[i];
    if (!fota_is_name(key->id, FOTA_KEY_ID_BYTES_MAX, FOTA_KEY_ID_OTHERS) || !fota_decode_public_key(key->base64, bytes)) {
      return FOTA_BAD_KEY_SET;
    }
    for (j = 0u; j < i; j++) {
      if (fota_same(role->keys[j].id, key->id) || fota_same(role->keys[j].base64, key->base64)) {
        return FOTA_BAD_KEY_SET;
      }
    }
  }
  /* No key at all is a device that refuses every document. */
  if ((role->threshold < 1u) || ((role->key_count > 0u) && (role->threshold > role->key_count))) {
    return FOTA_BAD_KEY_SET;
  }
  return FOTA_OK;
}

/* Returns the keys that sign changes of the set. */
static inline fota_key_role fota_root_role(const fota_key_set *set) {
  fota_key_role role = set->keys;
  if (set->roots.key_count > 0u) {
    role = set->roots;
    if (role.threshold == 0u) {
      role.threshold = 1u;
    }
  }
  return role;
}

/* Checks a key set before anything is verified with it. Returns FOTA_OK or FOTA_BAD_KEY_SET. */
static inline fota_result fota_check_key_set(const fota_key_set *set) {
  const fota_key_role roots = fota_root_role(set);
  if ((set->version < 1u) || (set->version > FOTA_NUMBER_MAX) || (fota_check_key_role(&set->keys) != FOTA_OK) ||
      ((set->roots.key_count == 0u) && (set->roots.threshold > 0u))) {
    return FOTA_BAD_KEY_SET;
  }
  return fota_check_key_role(&roots);
}

/* Tells whether there are at most FOTA_SIGNATURES_MAX signatures, each with an id and 64 bytes in canonical base64. */
static inline int fota_have_signature_form(const fota_signature *signatures, size_t signature_count) {
  uint8_t bytes[FOTA_SIGNATURE_BYTES];
  size_t i;
  if (signature_count > FOTA_SIGNATURES_MAX) {
    return 0;
  }
  for (i = 0u; i < signature_count; i++) {
    if ((signatures[i].key_id.chars == NULL) || (signatures[i].key_id.length < 1u) ||
        !fota_decode_base64(signatures[i].base64, bytes, sizeof bytes)) {
      return 0;
    }
  }
  return 1;
}

/* Tells whether one of the signatures is one of the statement by `key`. The signatures are checked for their form. */
static inline int fota_has_signed(const fota_key *key, const char *statement, size_t length,
                                  const fota_signature *signatures, size_t signature_count, fota_verify verify) {
  uint8_t public_key[FOTA_PUBLIC_KEY_BYTES];
  uint8_t signature[FOTA_SIGNATURE_BYTES];
  size_t i;
  if (!fota_decode_public_key(key->base64, public_key)) {
    return 0;
  }
  for (i = 0u; i < signature_count; i++) {
    if (fota_same(signatures[i].key_id, key->id) &&
        fota_decode_base64(signatures[i].base64, signature, sizeof signature) &&
        (verify(public_key, (const uint8_t *)statement, length, signature) == 1)) {
      return 1;
    }
  }
  return 0;
}

/*
 * Checks whether the threshold of `role` signed a statement. Counts each key once, however often it signed.
 * Returns FOTA_OK, FOTA_NOT_SIGNED, FOTA_BAD_DATA if a signature has no id, or is not 64 bytes in canonical base64, or
 * if there are more than FOTA_SIGNATURES_MAX, or FOTA_BAD_KEY_SET as `fota_check_key_set`.
 */
static inline fota_result fota_check_signatures(const char *statement, size_t length, const fota_signature *signatures,
                                                size_t signature_count, const fota_key_role *role, fota_verify verify) {
  uint64_t signer_count = 0u;
  size_t i;
  if (!fota_have_signature_form(signatures, signature_count)) {
    return FOTA_BAD_DATA;
  }
  if (fota_check_key_role(role) != FOTA_OK) {
    return FOTA_BAD_KEY_SET;
  }
  for (i = 0u; i < role->key_count; i++) {
    if (fota_has_signed(&role->keys[i], statement, length, signatures, signature_count, verify)) {
      signer_count++;
    }
  }
  return (signer_count >= role->threshold) ? FOTA_OK : FOTA_NOT_SIGNED;
}

/*
 * Checks whether enough keys of the device's set signed a document: builds the statement in `buffer` and verifies the
 * signatures. Call it before anything else is done with the document.
 * Returns FOTA_OK only then, else why not, as `fota_order_statement` and `fota_check_signatures` do.
 */
static inline fota_result fota_check_order(const fota_order *order, const fota_signature *signatures,
                                           size_t signature_count, const fota_key_set *set, fota_verify verify,
                                           char *buffer, size_t capacity) {
  size_t length = 0u;
  const fota_result written = fota_order_statement(order, buffer, capacity, &length);
  if (written != FOTA_OK) {
    return written;
  }
  return fota_check_signatures(buffer, length, signatures, signature_count, &set->keys, verify);
}

/*
 * Tells whether a document is for a device with this model and this name (NULL if it has none). A device with a model
 * takes only documents that name it; bc_for, if it is there, must hold the name.
 */
static inline int fota_is_addressed_to(const fota_order *order, fota_text model, fota_text thing_name) {
  int is_named = order->thing_count == 0u;
  size_t i;
  for (i = 0u; i < order->thing_count; i++) {
    if ((thing_name.chars != NULL) && fota_same(order->things[i], thing_name)) {
      is_named = 1;
    }
  }
  return is_named && fota_same(order->model, model);
}

/* ---- Key sets ---- */

/* Writes `<name> <id> <base64>` for each key, sorted by id. The ids differ. */
static inline void fota_write_keys(fota_writer *writer, const char *name, const fota_key_role *role) {
  size_t count;
  size_t i;
  const fota_key *last = NULL;
  for (count = 0u; count < role->key_count; count++) {
    const fota_key *next = NULL;
    for (i = 0u; i < role->key_count; i++) {
      const fota_key *key = &role->keys[i];
      if (((last == NULL) || (fota_compare(key->id, last->id) > 0)) &&
          ((next == NULL) || (fota_compare(key->id, next->id) < 0))) {
        next = key;
      }
    }
    if (next != NULL) {
      fota_write(writer, name);
      fota_write(writer, " ");
      fota_write_bytes(writer, next->id.chars, next->id.length);
      fota_write(writer, " ");
      fota_write_bytes(writer, next->base64.chars, next->base64.length);
      fota_write(writer, "\n");
    }
    last = next;
  }
}

/*
 * Writes the text that the signatures of a link sign, and its length in bytes, without an end mark. A buffer of
 * FOTA_KEY_SET_STATEMENT_BYTES_MAX is always large enough.
 * Returns FOTA_BAD_KEY_SET as `fota_check_key_set`, FOTA_BAD_DATA for a `seq` that is too high, or
 * FOTA_BUFFER_TOO_SMALL. `length` is unchanged then.
 */
static inline fota_result fota_key_set_statement(const fota_key_link *link, char *buffer, size_t capacity,
                                                 size_t *length) {
  fota_writer writer = fota_writer_of(buffer, capacity);
  if (fota_check_key_set(&link->set) != FOTA_OK) {
    return FOTA_BAD_KEY_SET;
  }
  if (link->seq > FOTA_NUMBER_MAX) {
    return FOTA_BAD_DATA;
  }
  fota_write(&writer, "fota keys 1\n");
  fota_write_number_line(&writer, "version", link->set.version);
  fota_write_number_line(&writer, "threshold", link->set.keys.threshold);
  fota_write_keys(&writer, "key", &link->set.keys);
  fota_write_number_line(&writer, "root-threshold", link->set.roots.threshold);
  fota_write_keys(&writer, "root", &link->set.roots);
  fota_write_number_line(&writer, "seq", link->seq);
  return fota_end_writing(&writer, length);
}

/* Tells whether each key has an id and 32 bytes in canonical base64. Whether they may be trusted is not checked. */
static inline int fota_have_key_form(const fota_key_role *role) {
  uint8_t bytes[FOTA_PUBLIC_KEY_BYTES];
  size_t i;
  if ((role->key_count > FOTA_KEYS_MAX) || (role->threshold > FOTA_NUMBER_MAX)) {
    return 0;
  }
  for (i = 0u; i < role->key_count; i++) {
    if (!fota_is_name(role->keys[i].id, FOTA_KEY_ID_BYTES_MAX, FOTA_KEY_ID_OTHERS) ||
        !fota_decode_base64(role->keys[i].base64, bytes, sizeof bytes)) {
      return 0;
    }
  }
  return 1;
}

/* Tells whether a link has values that a document may have, also one that the device does not need. */
static inline int fota_has_link_form(const fota_key_link *link) {
  return (link->set.version >= 1u) && (link->set.version <= FOTA_NUMBER_MAX) && (link->set.keys.key_count >= 1u) &&
         (link->set.keys.threshold >= 1u) && fota_have_key_form(&link->set.keys) &&
         fota_have_key_form(&link->set.roots) && (link->seq <= FOTA_NUMBER_MAX) && (link->signature_count >= 1u) &&
         fota_have_signature_form(link->signatures, link->signature_count);
}

/*
 * Follows one link of bc_keys. Call it for each link, the first one first, with a copy of the device's key set and with
 * a `seq` of 0. A link up to the version of `set` changes nothing, so that one chain serves devices of every age. Any
 * other link must have the next version and be signed by the thresholds of both the old and the new set; then `set`
 * becomes the new one, which points to the same texts as `link`, and `seq` its sequence number, if it has one.
 *
 * Check the document with the last set, and save set and `seq` only after that, before a slot is erased.
 * Returns FOTA_OK; else `set` and `seq` are unchanged, and the document must be refused. FOTA_BAD_DATA is also for a
 * link that changes nothing, if it has a value that no document may have.
 */
static inline fota_result fota_follow_key_link(const fota_key_link *link, fota_key_set *set, uint64_t *seq,
                                               fota_verify verify, char *buffer, size_t capacity) {
  const fota_key_role old_roots = fota_root_role(set);
  const fota_key_role new_roots = fota_root_role(&link->set);
  size_t length = 0u;
  fota_result result;
  if (!fota_has_link_form(link)) {
    return FOTA_BAD_DATA;
  }
  if (link->set.version <= set->version) {
    return FOTA_OK;
  }
  if (link->set.version != (set->version + 1u)) {
    return FOTA_NOT_SIGNED;
  }
  result = fota_key_set_statement(link, buffer, capacity, &length);
  if (result == FOTA_OK) {
    result = fota_check_signatures(buffer, length, link->signatures, link->signature_count, &old_roots, verify);
  }
  if (result == FOTA_OK) {
    result = fota_check_signatures(buffer, length, link->signatures, link->signature_count, &new_roots, verify);
  }
  if (result == FOTA_OK) {
    *set = link->set;
    if (link->seq > 0u) {
      *seq = link->seq;
    }
  }
  return result;
}

#endif /* FOTA_ORDER_H */
