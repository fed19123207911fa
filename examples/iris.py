"""Train a forest on scikit-learn's irises: iris.skops to upload, iris.csv to run it on."""

import numpy as np
import skops.io
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

irises = load_iris()
forest = RandomForestClassifier(n_estimators=20, random_state=0).fit(irises.data, irises.target)
skops.io.dump(forest, "iris.skops")
rows = irises.data[::50]
np.savetxt("iris.csv", rows, fmt="%.1f", delimiter=",", header="a,b,c,d", comments="")
print("iris.skops iris.csv")
