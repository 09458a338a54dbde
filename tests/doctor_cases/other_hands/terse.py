import numpy as np
e = np.einsum
def s(z): return 1/(1+np.exp(-z))
def backward(p, x, y):
    W = np.array([p.Wi, p.Wf, p.Wo, p.Wg])
    U = np.array([p.Ui, p.Uf, p.Uo, p.Ug])
    V = p.V
    n, m = len(x), V.shape[1]
    H = [np.zeros(m)]; C = [np.zeros(m)]
    A = []; Q = []
    for k in x:
        z = e('gab,b->ga', W, H[-1]) + U[:, :, k]
        i, f, o = s(z[:3]); g = np.tanh(z[3])
        C.append(f*C[-1] + i*g)
        H.append(o*np.tanh(C[-1]))
        A.append((i, f, o, g))
        q = np.exp(V@H[-1]); Q.append(q/q.sum())
    P = np.zeros_like(W); R = np.zeros_like(U); S = np.zeros_like(V)
    u = np.zeros(m); v = np.zeros(m)
    for t in range(n)[::-1]:
        i, f, o, g = A[t]
        r = np.tanh(C[t+1])
        q = Q[t]; q[y[t]] -= 1
        S += e('k,a->ka', q, H[t+1])
        u = u + q@V
        v = v + u*o*(1-r*r)
        d = np.array([v*g, v*C[t], u*r, v*i])
        d *= np.array([i-i*i, f-f*f, o-o*o, 1-g*g])
        P += e('ga,b->gab', d, H[t])
        R[:, :, x[t]] += d
        v = v*f
        u = e('gab,ga->b', W, d)
    return [S, *P, *R]
