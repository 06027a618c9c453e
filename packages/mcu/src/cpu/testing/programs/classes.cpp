// What programs ask of C++: exceptions through frames with destructors, virtual calls, templates,
// containers, strings, constructors of globals.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

int alive = 0;

struct Guard {
  const char *name;
  explicit Guard(const char *n) : name(n) { alive++; }
  ~Guard() {
    alive--;
    std::printf("~%s ", name);
  }
};

struct Global {
  std::vector<int> values;
  Global() : values{3, 1, 2} {}
} global;

struct Shape {
  virtual ~Shape() = default;
  virtual float area() const = 0;
  virtual const char *name() const { return "shape"; }
};

struct Square : Shape {
  float side;
  explicit Square(float s) : side(s) {}
  float area() const override { return side * side; }
  const char *name() const override { return "square"; }
};

struct Disc : Shape {
  float radius;
  explicit Disc(float r) : radius(r) {}
  float area() const override { return 3.14159265f * radius * radius; }
};

struct Refused : std::runtime_error {
  int code;
  Refused(int c, const std::string &why) : std::runtime_error(why), code(c) {}
};

void fail(int depth, int kind) {
  Guard guard("deep");
  if (depth > 0) return fail(depth - 1, kind);
  switch (kind) {
    case 0: throw 42;
    case 1: throw Refused(7, "refused at the bottom");
    case 2: throw std::out_of_range("range");
    case 3: {
      std::vector<int> empty;
      empty.at(5) = 1;
      break;
    }
    default: return;
  }
}

void rethrow(int kind) {
  Guard guard("middle");
  try {
    fail(3, kind);
    std::puts("nothing thrown");
  } catch (const Refused &refused) {
    std::printf("[%d] ", refused.code);
    throw;
  }
}

void exceptions() {
  for (int kind = 0; kind < 5; kind++) {
    try {
      Guard guard("outer");
      rethrow(kind);
    } catch (int number) {
      std::printf("int %d\n", number);
    } catch (const Refused &refused) {
      std::printf("%s\n", refused.what());
    } catch (const std::logic_error &) {
      std::puts("logic error");
    } catch (...) {
      std::puts("something");
    }
    std::printf("alive %d\n", alive);
  }
  float sum = 0;
  for (int i = 0; i < 20; i++) {
    try {
      if (i % 3 == 0) throw static_cast<float>(i) * 0.5f;
      sum += 1.25f;
    } catch (float f) {
      sum += f;
    }
  }
  std::printf("%g\n", static_cast<double>(sum));
}

void containers() {
  std::map<std::string, int> words;
  const char *text[] = {"a", "bee", "sea", "a", "tea", "bee", "a long one that is not short"};
  for (const char *word : text) words[word]++;
  for (const auto &[word, count] : words) std::printf("%s=%d ", word.c_str(), count);
  std::sort(global.values.begin(), global.values.end());
  std::uint32_t seed = 99, hash = 2166136261u;
  std::vector<std::uint32_t> many;
  for (int i = 0; i < 300; i++) many.push_back(seed = seed * 1664525u + 1013904223u);
  std::stable_sort(many.begin(), many.end(), [](auto a, auto b) { return (a >> 8) < (b >> 8); });
  for (auto value : many) hash = (hash ^ value) * 16777619u;
  std::printf("%d%d%d %08lx\n", global.values[0], global.values[1], global.values[2],
              static_cast<unsigned long>(hash));
}

void shapes() {
  std::vector<std::unique_ptr<Shape>> all;
  for (int i = 1; i < 6; i++) {
    if (i & 1) all.push_back(std::make_unique<Square>(i * 1.5f));
    else all.push_back(std::make_unique<Disc>(i * 0.75f));
  }
  for (const auto &shape : all) {
    std::printf("%s %.4f %d\n", shape->name(), static_cast<double>(shape->area()),
                dynamic_cast<Square *>(shape.get()) != nullptr);
  }
}

}  // namespace

int main() {
  exceptions();
  containers();
  shapes();
  return 0;
}
