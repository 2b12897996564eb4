// SPDX-License-Identifier: Apache-2.0
// At a steady rate a request of a kept connection takes no memory from the heap: what it needs, its loop has.
#include <cstdlib>
#include <new>

#include "unit/proxy/engine/engine_fixture.h"

namespace {

std::atomic<uint64_t> allocations{0};
thread_local bool counted = false;

void* allocate(size_t size) {
  if (counted) allocations.fetch_add(1);
  if (void* memory = std::malloc(size); memory != nullptr) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(size_t size) { return allocate(size); }
void* operator new[](size_t size) { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }

namespace elb::test {
namespace {

/// Loops ask for the time, and so say which threads are theirs.
class LoopsClock final : public Clock {
 public:
  SteadyTime steady() const override {
    if (std::this_thread::get_id() != tests_) counted = true;
    return clock_.steady();
  }
  WallTime wall() const override { return clock_.wall(); }

 private:
  std::thread::id tests_ = std::this_thread::get_id();
  SystemClock clock_;
};

class Allocation : public EngineFixture {
 protected:
  uint64_t of_requests(Peer& client, std::string_view request, int count) {
    const uint64_t before = allocations.load();
    for (int i = 0; i < count; ++i) {
      const Message answer = client.ask(request);
      EXPECT_EQ(answer.status(), 200);
    }
    return allocations.load() - before;
  }
};

TEST_F(Allocation, a_thousand_requests_on_a_kept_connection_allocate_nothing) {
  LoopsClock clock;
  HttpMember member(echo);
  auto engine = proxy::Engine::start({}, clock, random_);
  ASSERT_TRUE(engine);
  engine_ = std::move(*engine);
  ASSERT_TRUE(engine_->adopt_listening_socket(listen_on_loopback(port_)));
  apply(snapshot({member.endpoint()}));
  Peer client = connect();
  const std::string plain = get("/a?b=c", "User-Agent: test\r\nAccept: */*\r\nCookie: a=b\r\n");
  const std::string body = post("some body", "X-Forwarded-For: 192.0.2.1\r\n");
  EXPECT_GT(of_requests(client, plain, 10), 0U) << "the first ones do, so they are counted";
  of_requests(client, body, 10);
  EXPECT_EQ(of_requests(client, plain, 1000), 0U);
  EXPECT_EQ(of_requests(client, body, 1000), 0U) << "with bodies";
  client.close();
  engine_.reset();  // before the clock
}

}  // namespace
}  // namespace elb::test
