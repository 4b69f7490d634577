// Two loops of a decoding step, built by kernel.py with the machine's own compiler; threads are those of torch's OpenMP.
//
// assay_decode: attention, one query of each row over the keys and values that this row has. Scores, softmax and sums are
// in float32 whatever the inputs; no key beyond a row's own is read. The heads that share a key/value head are taken
// together, so that each key is read from memory once.
//
// assay_adapt: what LoRA adapters add to the output of a linear layer, each token under its own adapter. Products and sums
// are in float32 whatever the inputs; a sum with the layer's own output is rounded once.

#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#include <immintrin.h>
#define LANES 16
#elif defined(__AVX__)
#define LANES 8
#else
#define LANES 4
#endif
#if defined(__AVX512BF16__)
#define PAIRS 1 // products of two bfloat16 and their sum in one instruction
#else
#define PAIRS 0
#endif
#define INLINE static inline __attribute__((always_inline))

// keys of one block; query heads, and vectors of values, whose sums fit the registers
enum { KEYS = 64, HEADS = 4, WIDE = LANES == 16 ? 4 : 2 };

typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int32_t ints __attribute__((vector_size(4 * LANES)));
typedef uint16_t shorts __attribute__((vector_size(2 * LANES)));

struct task {
    const char *query, *key, *value; // rows x heads x size; slots x shared x places x size
    char *out;                       // rows x heads x width, contiguous
    const int64_t *last;             // position of each row's newest key
    int64_t rows, heads, shared, size, width;
    int64_t query_row, query_head, key_slot, key_head, value_slot, value_head; // strides in entries
    int64_t window;                  // keys that a query sees; 0: all
    int64_t narrow;                  // bfloat16, else float32
    int64_t next;                    // work given out so far
    double factor;
};

INLINE vec load(const char *place, int narrow) {
    vec x;
    if (narrow) {
        shorts top;
        memcpy(&top, place, sizeof top);
        return (vec)(__builtin_convertvector(top, ints) << 16);
    }
    memcpy(&x, place, sizeof x);
    return x;
}

// `left` entries, then zeros.
INLINE vec load_some(const char *place, int narrow, int64_t left) {
    if (left >= LANES) return load(place, narrow);
    char some[4 * LANES] = {0};
    if (left > 0) memcpy(some, place, left * (narrow ? 2 : 4));
    return load(some, narrow);
}

INLINE vec larger(vec a, vec b) {
    ints mask = a > b;
    return (vec)(((ints)a & mask) | ((ints)b & ~mask));
}

// e^x for x <= 0, within two roundings; NaN stays NaN.
INLINE vec power(vec x) {
    ints small = x < -87.f;
    x = (vec)(((ints)((vec){0} - 87.f) & small) | ((ints)x & ~small));
    ints n = __builtin_convertvector(x * 1.44269504f - 0.5f, ints);
    vec f = __builtin_convertvector(n, vec);
    vec r = x - f * 0.693359375f + f * 2.12194440e-4f;
    vec p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    return (p * r * r + r + 1.f) * (vec)((n + 127) << 23);
}

INLINE float sum_of(vec x) {
    float sum = 0;
    for (int i = 0; i < LANES; i++) sum += x[i];
    return sum;
}

// Entry i: the sum of a[i].
INLINE vec sums_of(const vec *a) {
#if LANES == 16
    __m512 b[8], c[4];
    for (int i = 0; i < 8; i++)
        b[i] = _mm512_add_ps(_mm512_unpacklo_ps(a[2 * i], a[2 * i + 1]), _mm512_unpackhi_ps(a[2 * i], a[2 * i + 1]));
    for (int i = 0; i < 4; i++) {
        __m512d lo = (__m512d)b[2 * i], hi = (__m512d)b[2 * i + 1];
        c[i] = _mm512_add_ps((__m512)_mm512_unpacklo_pd(lo, hi), (__m512)_mm512_unpackhi_pd(lo, hi));
    }
    for (int i = 0; i < 2; i++)
        b[i] = _mm512_add_ps(_mm512_shuffle_f32x4(c[2 * i], c[2 * i + 1], 0x88), _mm512_shuffle_f32x4(c[2 * i], c[2 * i + 1], 0xdd));
    return _mm512_add_ps(_mm512_shuffle_f32x4(b[0], b[1], 0x88), _mm512_shuffle_f32x4(b[0], b[1], 0xdd));
#else
    vec sums;
    for (int i = 0; i < LANES; i++) sums[i] = sum_of(a[i]);
    return sums;
#endif
}

// What one head has gathered so far over the blocks of keys.
struct state { float top, sum; };

// Scores of `count` keys from `k` on for `heads` queries.
INLINE void score(const struct task *t, const int narrow, const int odd, const int heads, const char *k,
                  int64_t count, const float *q, int64_t qs, float weight[HEADS][KEYS]) {
    const int64_t bytes = narrow ? 2 : 4, size = t->size;
    for (int64_t j = 0; j < count; j += LANES) {
        vec part[HEADS][LANES];
        for (int u = 0; u < LANES; u += 4) {
            vec s[HEADS][4] = {0}, x[4];
            const char *key[4];
            for (int i = 0; i < 4; i++) // beyond the last key: the last key again
                key[i] = k + (j + u + i < count ? j + u + i : count - 1) * size * bytes;
#if PAIRS
            if (narrow && !odd) {
                for (int64_t d = 0; d < size; d += 2 * LANES)
                    for (int g = 0; g < heads; g++) {
                        vec y = load((const char *)(q + g * qs) + 2 * d, 0);
                        for (int i = 0; i < 4; i++)
                            s[g][i] = _mm512_dpbf16_ps(s[g][i], (__m512bh)load(key[i] + 2 * d, 0), (__m512bh)y);
                    }
            } else
#endif
            for (int64_t d = 0; d < size; d += LANES) {
                for (int i = 0; i < 4; i++)
                    x[i] = odd ? load_some(key[i] + d * bytes, narrow, size - d) : load(key[i] + d * bytes, narrow);
                for (int g = 0; g < heads; g++) {
                    vec y = load((const char *)(q + g * qs + d), 0);
                    for (int i = 0; i < 4; i++) s[g][i] += x[i] * y;
                }
            }
            for (int g = 0; g < heads; g++)
                for (int i = 0; i < 4; i++) part[g][u + i] = s[g][i];
        }
        for (int g = 0; g < heads; g++) {
            vec scores = sums_of(part[g]) * (float)t->factor;
            memcpy(weight[g] + j, &scores, sizeof scores);
        }
    }
}

// From scores to weights relative to the largest score so far; what was gathered before is scaled to that.
INLINE void soften(float *weight, int64_t count, struct state *state, float *acc, int64_t width) {
    const int64_t whole = (count + LANES - 1) / LANES * LANES;
    for (int64_t j = count; j < whole; j++) weight[j] = -__builtin_inff();
    vec top = load((char *)weight, 0), sum = {0};
    for (int64_t j = LANES; j < whole; j += LANES) top = larger(load((char *)(weight + j), 0), top);
    const float before = state->top;
    float now = before;
    for (int i = 0; i < LANES; i++) now = top[i] > now ? top[i] : now;
    for (int64_t j = 0; j < whole; j += LANES) {
        vec x = power(load((char *)(weight + j), 0) - now);
        memcpy(weight + j, &x, sizeof x);
        sum += x;
    }
    const float scale = before == now ? 1.f : power((vec){before - now})[0];
    state->top = now;
    state->sum = state->sum * scale + sum_of(sum);
    if (scale != 1.f)
        for (int64_t d = 0; d < width; d++) acc[d] *= scale;
}

// Add entries `d` to `d` + LANES * `wide` of the values of `count` keys, by weight.
INLINE void mix(const struct task *t, const int narrow, const int odd, const int heads, const int wide, const char *v,
                int64_t count, int64_t d, float weight[HEADS][KEYS], const uint16_t near[HEADS][KEYS], float *acc,
                int64_t ws) {
    const int64_t bytes = narrow ? 2 : 4, width = t->width;
    vec s[HEADS][WIDE], x[WIDE];
    for (int g = 0; g < heads; g++)
        for (int i = 0; i < wide; i++) s[g][i] = load((char *)(acc + g * ws + d + i * LANES), 0);
#if PAIRS
    if (narrow && !odd) {
        for (int64_t j = 0; j < count; j += 2) { // without a second key the first one again, at a weight of nothing
            const char *place = v + (j * width + d) * 2, *second = j + 1 < count ? place + 2 * width : place;
            for (int i = 0; i < wide; i += 2) {
                __m512i a = (__m512i)load(place + 32 * i, 0), b = (__m512i)load(second + 32 * i, 0);
                x[i] = (vec)_mm512_unpacklo_epi16(a, b), x[i + 1] = (vec)_mm512_unpackhi_epi16(a, b);
            }
            for (int g = 0; g < heads; g++) {
                int32_t both;
                memcpy(&both, near[g] + j, 4);
                for (int i = 0; i < wide; i++)
                    s[g][i] = _mm512_dpbf16_ps(s[g][i], (__m512bh)_mm512_set1_epi32(both), (__m512bh)x[i]);
            }
        }
    } else
#endif
    for (int64_t j = 0; j < count; j++) {
        const char *place = v + (j * width + d) * bytes;
        for (int i = 0; i < wide; i++, place += LANES * bytes)
            x[i] = odd ? load_some(place, narrow, width - d - i * LANES) : load(place, narrow);
        for (int g = 0; g < heads; g++)
            for (int i = 0; i < wide; i++) s[g][i] += x[i] * weight[g][j];
    }
    for (int g = 0; g < heads; g++)
        for (int i = 0; i < wide; i++) memcpy(acc + g * ws + d + i * LANES, &s[g][i], sizeof(vec));
}

INLINE void block(const struct task *t, const int narrow, const int odd, const int heads, const char *k,
                  const char *v, int64_t count, const float *q, int64_t qs, float *acc, int64_t ws,
                  struct state *state) {
    float weight[HEADS][KEYS];
    uint16_t near[HEADS][KEYS];
    score(t, narrow, odd, heads, k, count, q, qs, weight);
    for (int g = 0; g < heads; g++) soften(weight[g], count, state + g, acc + g * ws, t->width);
#if PAIRS
    for (int g = 0; g < heads; g++)
        for (int64_t j = 0; j < count; j += LANES) {
            __m256bh x = _mm512_cvtneps_pbh((__m512)load((char *)(weight[g] + j), 0));
            memcpy(near[g] + j, &x, sizeof x);
        }
#endif
    int64_t d = 0;
    for (; d + WIDE * LANES <= t->width; d += WIDE * LANES)
        mix(t, narrow, odd, heads, WIDE, v, count, d, weight, near, acc, ws);
    for (; d < t->width; d += 2 * LANES) mix(t, narrow, odd, heads, 2, v, count, d, weight, near, acc, ws);
}

// `paired`: of each 8 entries of 32, the first four are in its first half, the others in its second.
INLINE void store(char *out, const float *x, float factor, int64_t count, const int narrow, const int paired) {
    for (int64_t d = 0; d < count; d++) {
        float y = x[paired ? d / 32 * 32 + d / 4 % 2 * 16 + d % 32 / 8 * 4 + d % 4 : d] * factor;
        uint32_t bits;
        memcpy(&bits, &y, 4);
        uint16_t near = y != y ? 0x7fc0 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
        if (narrow) memcpy(out + 2 * d, &near, 2);
        else memcpy(out + 4 * d, &y, 4);
    }
}

// One row under one key/value head.
INLINE void row(const struct task *t, const int narrow, const int odd, int64_t r, int64_t s) {
    const int64_t bytes = narrow ? 2 : 4, group = t->heads / t->shared;
    const int64_t qs = (t->size + LANES - 1) / LANES * LANES, ws = (t->width + 2 * LANES - 1) / (2 * LANES) * (2 * LANES);
    float q[group * qs], acc[group * ws];
    struct state state[group];
    memset(q, 0, sizeof q), memset(acc, 0, sizeof acc);
    for (int64_t g = 0; g < group; g++) {
        const char *query = t->query + (r * t->query_row + (s * group + g) * t->query_head) * bytes;
        state[g] = (struct state){-__builtin_inff(), 0};
        if (PAIRS && narrow && !odd) memcpy(q + g * qs, query, 2 * t->size);
        else for (int64_t d = 0; d < t->size; d += LANES) {
            vec x = load_some(query + d * bytes, narrow, t->size - d);
            memcpy(q + g * qs + d, &x, sizeof x);
        }
    }
    const int64_t end = t->last[r] + 1;
    int64_t j = t->window && end > t->window ? end - t->window : 0;
    for (; j < end; j += KEYS) {
        const int64_t count = end - j < KEYS ? end - j : KEYS;
        const char *k = t->key + (r * t->key_slot + s * t->key_head + j * t->size) * bytes;
        const char *v = t->value + (r * t->value_slot + s * t->value_head + j * t->width) * bytes;
        for (int64_t g = 0; g < group; g += odd ? 1 : HEADS) {
#define BLOCK(heads) block(t, narrow, odd, heads, k, v, count, q + g * qs, qs, acc + g * ws, ws, state + g)
            if (odd) BLOCK(1);
            else switch (group - g) {
                case 1: BLOCK(1); break;
                case 2: BLOCK(2); break;
                case 3: BLOCK(3); break;
                default: BLOCK(4);
                }
        }
    }
    for (int64_t g = 0; g < group; g++)
        store(t->out + (r * t->heads + s * group + g) * t->width * bytes, acc + g * ws, 1 / state[g].sum, t->width, narrow,
              PAIRS && narrow && !odd);
}

static void work(void *data) {
    struct task *t = data;
    const int odd = t->size % (2 * LANES) || t->width % (2 * LANES);
    for (int64_t i; (i = __atomic_fetch_add(&t->next, 1, __ATOMIC_RELAXED)) < t->rows * t->shared;) {
        const int64_t r = i / t->shared, s = i % t->shared;
        if (t->narrow) odd ? row(t, 1, 1, r, s) : row(t, 1, 0, r, s);
        else odd ? row(t, 0, 1, r, s) : row(t, 0, 0, r, s);
    }
}

// `parallel`: GOMP_parallel of the OpenMP library that torch loaded, or none.
void assay_decode(struct task *task, void (*parallel)(void (*)(void *), void *, unsigned, unsigned)) {
    task->next = 0;
    if (parallel) parallel(work, task, 0, 0);
    else work(task);
}

// -- adapters -------------------------------------------------------------------------------------

// tokens of one adapter that are taken together, entries of their inputs, vectors of outputs, and products that are summed
// apart: sums of sums round less
enum { TOKENS = 8, INPUTS = 256, OUTPUTS = LANES == 16 ? 2 : 1, SUMMED = 4 };

struct pair {
    const float *down, *up; // inputs x padded ranks; ranks x padded outputs
    int64_t rank, padded;   // the second: a multiple of 16
};

struct change {
    const char *in;            // tokens x inputs
    char *out;                 // tokens x outputs
    const struct pair *pairs;  // of each adapter; without `down`: it leaves this layer as it is
    const int64_t *tokens;     // indices of tokens, those of an adapter one after the other
    const int64_t *first;      // where each block of at most TOKENS tokens begins, and where the last one ends
    const int64_t *owner;      // adapter of each block
    int64_t blocks, inputs, outputs, width; // width: outputs, padded to a multiple of 32
    int64_t in_row, out_row;   // strides in entries
    int64_t narrow;            // bfloat16, else float32
    int64_t next;              // work given out so far
};

// s[i][j] += the sum over k of x[i][k] * y[k][j].
INLINE void product(vec s[TOKENS][OUTPUTS], const int wide, const float *x, int64_t xs, const float *y, int64_t ys, int64_t count) {
    for (int64_t k = 0; k < count; k++)
        for (int j = 0; j < wide; j++) {
            vec row = load((const char *)(y + k * ys + j * LANES), 0);
            for (int i = 0; i < TOKENS; i++) s[i][j] += row * x[i * xs + k];
        }
}

INLINE void add(char *place, vec x, const int narrow, int64_t left) {
    x += load_some(place, narrow, left);
#if PAIRS
    if (narrow && left >= LANES) {
        __m256bh near = _mm512_cvtneps_pbh((__m512)x);
        memcpy(place, &near, sizeof near);
        return;
    }
#endif
    float sum[LANES];
    memcpy(sum, &x, sizeof sum);
    store(place, sum, 1, left < LANES ? left : LANES, narrow, 0);
}

INLINE void adapt(const struct change *t, const int narrow, const struct pair *p, const int64_t *tokens, int64_t count) {
    const int64_t bytes = narrow ? 2 : 4;
    float x[TOKENS * INPUTS], middle[TOKENS * p->padded];
    memset(x, 0, sizeof x), memset(middle, 0, sizeof middle);
    for (int64_t k = 0; k < t->inputs; k += INPUTS) {
        const int64_t some = t->inputs - k < INPUTS ? t->inputs - k : INPUTS;
        for (int64_t i = 0; i < count; i++)
            for (int64_t d = 0; d < some; d += LANES) {
                vec part = load_some(t->in + (tokens[i] * t->in_row + k + d) * bytes, narrow, some - d);
                memcpy(x + i * INPUTS + d, &part, sizeof part);
            }
        for (int64_t r = 0; r < p->padded; r += LANES) {
            vec sum[TOKENS] = {0};
            for (int64_t d = 0; d < some; d += SUMMED) {
                vec s[TOKENS][OUTPUTS] = {0};
                product(s, 1, x + d, INPUTS, p->down + (k + d) * p->padded + r, p->padded, some - d < SUMMED ? some - d : SUMMED);
                for (int i = 0; i < TOKENS; i++) sum[i] += s[i][0];
            }
            for (int i = 0; i < TOKENS; i++) {
                sum[i] += load((char *)(middle + i * p->padded + r), 0);
                memcpy(middle + i * p->padded + r, sum + i, sizeof(vec));
            }
        }
    }
    for (int64_t o = 0; o < t->outputs; o += OUTPUTS * LANES) {
        vec s[TOKENS][OUTPUTS] = {0};
        product(s, OUTPUTS, middle, p->padded, p->up + o, t->width, p->rank);
        for (int64_t i = 0; i < count; i++)
            for (int j = 0; j < OUTPUTS; j++)
                if (o + j * LANES < t->outputs)
                    add(t->out + (tokens[i] * t->out_row + o + j * LANES) * bytes, s[i][j], narrow, t->outputs - o - j * LANES);
    }
}

static void change(void *data) {
    struct change *t = data;
    for (int64_t b; (b = __atomic_fetch_add(&t->next, 1, __ATOMIC_RELAXED)) < t->blocks;) {
        const struct pair *p = t->pairs + t->owner[b];
        const int64_t *tokens = t->tokens + t->first[b], count = t->first[b + 1] - t->first[b];
        if (p->down) t->narrow ? adapt(t, 1, p, tokens, count) : adapt(t, 0, p, tokens, count);
    }
}

void assay_adapt(struct change *task, void (*parallel)(void (*)(void *), void *, unsigned, unsigned)) {
    task->next = 0;
    if (parallel) parallel(change, task, 0, 0);
    else change(task);
}
