# SPDX-License-Identifier: Apache-2.0
"""Random operations on the API, valid and not, with a model that says what has to come of each. A Player is one client with a project and a
token of its own, so that its model is its own, too; several run at once. The agent may be killed meanwhile: an operation without an answer
is there whole or not at all, and the model follows what is found.

Objects are known by their names, which are never given twice."""
import copy
import http.client
import random
import threading

from agent import LBAAS, SUBNETS

SUBNET = SUBNETS["clients"].split(",")[0].removeprefix("id=")
NOBODY = "99999999-9999-4999-8999-999999999999"
COLLECTIONS = {"loadbalancer": "loadbalancers", "listener": "listeners", "pool": "pools", "healthmonitor": "healthmonitors", "l7policy": "l7policies"}
# What is compared of each kind, and which fields hold another object's id.
FIELDS = {"loadbalancer": ["description", "admin_state_up", "deletion_protection"],
          "listener": ["description", "protocol", "protocol_port", "connection_limit"],
          "pool": ["description", "protocol", "lb_algorithm"],
          "member": ["address", "protocol_port", "weight", "backup"],
          "healthmonitor": ["type", "delay", "max_retries"],
          "l7policy": ["description", "position"]}
PARENTS = {"loadbalancer": {}, "listener": {"loadbalancer_id": "loadbalancer", "default_pool_id": "pool"}, "pool": {"loadbalancer_id": "loadbalancer"},
           "member": {"pool_id": "pool"}, "healthmonitor": {"pool_id": "pool"}, "l7policy": {"listener_id": "listener"}}
POOL_OF = {"TCP": "TCP", "UDP": "UDP", "HTTP": "HTTP"}
MOST = {"loadbalancer": 4, "listener": 12, "pool": 12, "member": 40, "healthmonitor": 8, "l7policy": 12}


class Model:
    """name -> {"kind", "id", fields, parents by name}."""

    def __init__(self):
        self.objects = {}

    def of(self, kind, **wanted):
        return [name for name, one in self.objects.items() if one["kind"] == kind and all(one.get(key) == value for key, value in wanted.items())]

    def remove(self, *names):
        for name in names:
            del self.objects[name]

    def told(self):
        return {name: {key: value for key, value in one.items() if key != "id"} for name, one in self.objects.items()}

    def renumber(self, listener, moved=None):
        """As Octavia: 1, 2, 3, ...; the one that was moved stands where it asked for."""
        others = sorted((name for name in self.of("l7policy", listener_id=listener) if name != moved), key=lambda name: self.objects[name]["position"])
        if moved:
            others.insert(self.objects[moved]["position"] - 1, moved)
        for place, name in enumerate(others, 1):
            self.objects[name]["position"] = place


class Operation:
    """method, path, body; the statuses that it may have; what a success does to the model, given the answer or None if there was none."""

    def __init__(self, method, path, body, expected, apply=lambda model, answer: None):
        self.method, self.path, self.body, self.expected, self.apply = method, f"{LBAAS}/{path}", body, expected, apply


class Player(threading.Thread):
    def __init__(self, agent, number, seed, operations, up):
        """up: a threading.Event that is set while the agent serves."""
        super().__init__(daemon=True, name=f"player{number}")
        self.agent, self.number, self.left, self.up = agent, number, operations, up
        self.chance = random.Random(f"{seed}-{number}")
        self.model, self.names, self.answered, self.unanswered = Model(), 0, 0, 0
        self.done, self.refused, self.error = 0, 0, None
        project = f"player{number}"
        agent.api("POST", "/v1/projects", {"project": {"id": project, "name": project}})
        token = {"name": project, "role": "member", "project_id": project}
        self.headers = {"X-Auth-Token": agent.api("POST", "/v1/tokens", {"token": token})["token"]["secret"]}

    # One after the other.

    def run(self):
        try:
            while self.left > 0:
                self.up.wait(60)
                self.step(self.pick())
        except Exception as error:  # pylint: disable=broad-except  # told by the test, which joins
            self.error = error
            self.left = 0

    def step(self, operation):
        self.left -= 1
        try:
            status, answer = self.agent.request(operation.method, operation.path, operation.body, headers=self.headers)
        except (OSError, http.client.HTTPException):
            self.unanswered += 1
            self.settle(operation)
            return
        self.answered += 1
        assert status in operation.expected, f"{operation.method} {operation.path} {operation.body}: {status} {answer}, expected {operation.expected}"
        if status < 300:
            operation.apply(self.model, answer)
            self.done += 1
        else:
            self.refused += 1

    def settle(self, operation):
        """The agent was killed: the operation is there whole, or not at all."""
        self.up.wait(60)
        after = Model()
        after.objects = copy.deepcopy(self.model.objects)
        if min(operation.expected) < 300:
            operation.apply(after, None)
        found, ids = self.found()
        assert found in (self.model.told(), after.told()), f"half of it: {operation.method} {operation.path} {operation.body}: {found}"
        if found != self.model.told():
            self.model = after
        for name, one in self.model.objects.items():
            one["id"] = ids[name]

    def found(self):
        """What the agent has, as Model.told() has it; and the ids."""
        objects, names = {}, {}
        for kind, collection in COLLECTIONS.items():
            for item in self.get(collection)[collection]:
                objects[item["name"]] = (kind, item)
                names[item["id"]] = item["name"]
        for name, (kind, pool) in list(objects.items()):
            for item in self.get(f"pools/{pool['id']}/members")["members"] if kind == "pool" else []:
                objects[item["name"]] = ("member", {**item, "pool_id": pool["id"]})
        told = {}
        for name, (kind, item) in objects.items():
            if kind == "healthmonitor":
                item["pool_id"] = item["pools"][0]["id"]
            told[name] = {"kind": kind, **{field: item[field] for field in FIELDS[kind]},
                          **{field: names.get(item[field]) for field in PARENTS[kind]}}
        return told, {name: item["id"] for name, (_, item) in objects.items()}

    def get(self, path):
        status, answer = self.agent.request("GET", f"{LBAAS}/{path}", headers=self.headers)
        assert status == 200, (path, status, answer)
        return answer

    def check(self):
        found, ids = self.found()
        assert found == self.model.told(), f"{self.name}: {found} is not {self.model.told()}"
        assert ids == {name: one["id"] for name, one in self.model.objects.items()}

    # What to do.

    def pick(self):
        if self.chance.random() < 0.15:
            return self.nonsense()
        kind = self.chance.choice(list(FIELDS))
        have = self.model.of(kind)
        if not have or (len(have) < MOST[kind] and self.chance.random() < 0.5):
            return self.create(kind) or self.create("loadbalancer")
        name = self.chance.choice(have)
        return self.change(kind, name) if self.chance.random() < 0.6 else self.delete(kind, name)

    def any(self, kind, **wanted):
        have = self.model.of(kind, **wanted)
        return self.chance.choice(have) if have else None

    def path(self, name):
        one = self.model.objects[name]
        if one["kind"] == "member":
            return f"pools/{self.model.objects[one['pool_id']]['id']}/members/{one['id']}"
        return f"{COLLECTIONS[one['kind']]}/{one['id']}"

    def create(self, kind):
        chance, objects = self.chance, self.model.objects
        self.names += 1
        name = f"{self.name}-{self.names}"
        collection, ok, fields, parents, also = COLLECTIONS.get(kind), True, {}, {}, None
        if kind == "loadbalancer":
            fields = {"description": "", "admin_state_up": chance.random() < 0.8, "deletion_protection": False}
            body = {**fields, "vip_subnet_id": SUBNET}
            ok = None  # the subnet may be full of what others have
        else:
            body = {}
            parent = self.any({"listener": "loadbalancer", "pool": "loadbalancer", "l7policy": "listener"}.get(kind, "pool"))
            if parent is None:
                return None
            above = objects[parent]
        if kind == "listener":
            fields = {"description": "d", "protocol": chance.choice(list(POOL_OF)), "protocol_port": chance.randrange(80, 84), "connection_limit": -1}
            parents = {"loadbalancer_id": parent, "default_pool_id": None}
            same = [one for one in self.model.of("listener", loadbalancer_id=parent, protocol_port=fields["protocol_port"])
                    if (objects[one]["protocol"] == "UDP") == (fields["protocol"] == "UDP")]
            ok = not same
            body = {**fields, "loadbalancer_id": above["id"]}
        elif kind == "pool":
            listener = self.any("listener", loadbalancer_id=parent) if chance.random() < 0.7 else None
            protocol = POOL_OF[objects[listener]["protocol"]] if listener else chance.choice(list(POOL_OF))
            fields = {"description": "", "protocol": protocol, "lb_algorithm": chance.choice(["ROUND_ROBIN", "SOURCE_IP"])}
            parents = {"loadbalancer_id": parent}
            ok = not (listener and objects[listener]["default_pool_id"])
            body = {**fields, "listener_id": objects[listener]["id"]} if listener else {**fields, "loadbalancer_id": above["id"]}
            if listener:
                def also(model, listener=listener, name=name):
                    model.objects[listener]["default_pool_id"] = name
        elif kind == "member":
            fields = {"address": f"10.2.0.{chance.randrange(100, 110)}", "protocol_port": chance.randrange(80, 83), "weight": chance.randrange(101),
                      "backup": chance.random() < 0.2}
            parents = {"pool_id": parent}
            ok = not self.model.of("member", pool_id=parent, address=fields["address"], protocol_port=fields["protocol_port"])
            body, collection = dict(fields), f"pools/{above['id']}/members"
        elif kind == "healthmonitor":
            fields = {"type": "UDP-CONNECT" if above["protocol"] == "UDP" else chance.choice(["TCP", "HTTP"]), "delay": chance.randrange(1, 51),
                      "max_retries": chance.randrange(1, 11)}
            parents = {"pool_id": parent}
            ok = not self.model.of("healthmonitor", pool_id=parent)
            body = {**fields, "pool_id": above["id"], "timeout": 1}
        elif kind == "l7policy":
            last = len(self.model.of("l7policy", listener_id=parent))
            fields = {"description": "", "position": chance.randrange(1, last + 3)}
            parents = {"listener_id": parent}
            body = {**fields, "listener_id": above["id"], "action": "REJECT"}
            if above["protocol"] != "HTTP":
                return Operation("POST", collection, {kind: {**body, "name": name}}, {400})

            def also(model, listener=parent, name=name):
                model.renumber(listener, name)

        def apply(model, answer):
            model.objects[name] = {"kind": kind, "id": answer[kind]["id"] if answer else None, **fields, **parents}
            if also:
                also(model)
        expected = {201, 409} if ok is None else {201} if ok else {409}
        return Operation("POST", collection, {kind: {**body, "name": name}}, expected, apply)

    def change(self, kind, name):
        chance = self.chance
        changes = {"loadbalancer": {"description": str(chance.random()), "deletion_protection": chance.random() < 0.1},
                   "listener": {"connection_limit": chance.choice([-1, 1, 2147483647]), "description": str(chance.random())},
                   "pool": {"lb_algorithm": chance.choice(["ROUND_ROBIN", "LEAST_CONNECTIONS", "SOURCE_IP"])},
                   "member": {"weight": chance.randrange(101), "backup": chance.random() < 0.2},
                   "healthmonitor": {"delay": chance.randrange(1, 51)},
                   "l7policy": {"position": chance.randrange(1, 9)}}[kind]

        def apply(model, _):
            before = model.objects[name].get("position")
            model.objects[name].update(changes)
            if kind == "l7policy" and changes["position"] != before:
                model.renumber(model.objects[name]["listener_id"], name)
        return Operation("PUT", self.path(name), {kind: changes}, {200}, apply)

    def delete(self, kind, name):
        model, path = self.model, self.path(name)
        one = model.objects[name]
        if kind == "loadbalancer":
            cascade = self.chance.random() < 0.3
            path += "?cascade=true" if cascade else ""
            children = model.of("listener", loadbalancer_id=name) + model.of("pool", loadbalancer_id=name)
            expected = 409 if one["deletion_protection"] else 400 if children and not cascade else 204
        elif kind == "listener":
            pool = one["default_pool_id"]
            alone = pool and len(model.of("listener", default_pool_id=pool)) == 1
            expected = 409 if alone and model.of("member", pool_id=pool) else 204
        elif kind == "pool":
            expected = 409 if model.of("member", pool_id=name) or model.of("healthmonitor", pool_id=name) else 204
        else:
            expected = 204
        return Operation("DELETE", path, None, {expected}, lambda model, _: self.gone(model, kind, name))

    @staticmethod
    def gone(model, kind, name):
        one = model.objects[name]
        if kind == "loadbalancer":
            pools, listeners = model.of("pool", loadbalancer_id=name), model.of("listener", loadbalancer_id=name)
            below = [child for pool in pools for kind in ("member", "healthmonitor") for child in model.of(kind, pool_id=pool)]
            below += [policy for listener in listeners for policy in model.of("l7policy", listener_id=listener)]
            model.remove(*below, *pools, *listeners)
        elif kind == "listener":
            pool = one["default_pool_id"]
            if pool and len(model.of("listener", default_pool_id=pool)) == 1:
                model.remove(*model.of("healthmonitor", pool_id=pool), pool)
            model.remove(*model.of("l7policy", listener_id=name))
        elif kind == "pool":
            for listener in model.of("listener", default_pool_id=name):
                model.objects[listener]["default_pool_id"] = None
        model.remove(name)
        if kind == "l7policy":
            model.renumber(one["listener_id"])

    def nonsense(self):
        """What has to be refused, and to change nothing."""
        some = [("POST", "loadbalancers", {"loadbalancer": {"vip_subnet_id": SUBNET, "name": "x" * 256}}, 400),
                ("POST", "loadbalancers", {"loadbalancer": {"vip_address": "203.0.113.9"}}, 400),
                ("POST", "loadbalancers", {"loadbalancer": {"vip_subnet_id": SUBNET, "nonsense": 1}}, 400),
                ("POST", "listeners", {"listener": {"loadbalancer_id": NOBODY, "protocol": "TCP", "protocol_port": 80}}, 404),
                ("POST", "loadbalancers", b'{"loadbalancer":', 400),
                ("POST", "pools", {"pool": {}}, 400),
                ("DELETE", f"pools/{NOBODY}", None, 404),
                ("PUT", f"listeners/{NOBODY}", {"listener": {"name": "x"}}, 404)]
        for kind, changes in (("member", {"weight": 101}), ("member", {"address": "10.2.0.1"}), ("listener", {"protocol_port": 1}),
                              ("listener", {"connection_limit": 0}), ("healthmonitor", {"delay": 51}), ("l7policy", {"position": 0}),
                              ("pool", {"lb_algorithm": "FASTEST"}), ("loadbalancer", {"vip_address": "10.1.0.9"})):
            name = self.any(kind)
            if name:
                some.append(("PUT", self.path(name), {kind: changes}, 400))
        method, path, body, status = self.chance.choice(some)
        return Operation(method, path, body, {status})


def play(agent, players, operations, kills, seed, check_traces=True):
    """Runs `operations` in all, over `players` clients at once, with `kills` kills of the agent between; returns what was counted."""
    up = threading.Event()
    up.set()
    team = [Player(agent, number, seed, operations // players, up) for number in range(players)]
    for player in team:
        player.start()
    total = sum(player.left for player in team)
    for kill in range(1, kills + 1):
        while sum(player.left for player in team) > total * (kills + 1 - kill) / (kills + 1) and any(player.is_alive() for player in team):
            team[0].join(0.02)
        up.clear()
        agent.kill9()
        agent.start()
        up.set()
    for player in team:
        player.join(600)
        if player.error:
            raise player.error
        assert not player.is_alive()
        player.check()
        if check_traces:
            assert player.answered <= traces_of(agent, player) <= player.answered + player.unanswered, player.name
    return {"done": sum(player.done for player in team), "refused": sum(player.refused for player in team),
            "unanswered": sum(player.unanswered for player in team)}


def traces_of(agent, player):
    """How many calls the history has of this player: each that was answered has left one."""
    count, marker = 0, ""
    while True:
        page = agent.api("GET", f"/v1/traces?limit=1000&user={player.name}{marker}")["traces"]
        count += len(page)
        if len(page) < 1000:
            return count
        marker = f"&marker={page[-1]['trace_id']}"
